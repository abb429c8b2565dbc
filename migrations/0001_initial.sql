-- 0001_initial: written from the declarations. Review and commit it.
-- Runs in one transaction. Once it is applied anywhere it must not change; a further change is a further file.

-- create-schema:accounts (additive). A service is declared.
-- Locks: none on existing tables.
create schema "accounts";

-- create-schema:blog (additive). A service is declared.
-- Locks: none on existing tables.
create schema "blog";

-- create-schema:tasks (additive). A service is declared.
-- Locks: none on existing tables.
create schema "tasks";

-- create-schema:todos (additive). A service is declared.
-- Locks: none on existing tables.
create schema "todos";

-- create-table:accounts.account (additive). An entity is declared.
-- Locks: none on existing tables.
create table "accounts"."account" (
  "id" uuid default lineshaft.uuidv7() not null,
  "email" character varying(254) not null,
  "emailVerified" boolean default false not null,
  "name" character varying(100) default '' not null,
  "image" character varying(2048),
  "createdAt" timestamp(3) with time zone default now() not null,
  "updatedAt" timestamp(3) with time zone default now() not null,
  constraint "account_pkey" primary key ("id"),
  constraint "account_email_key" unique ("email")
);
alter table "accounts"."account" replica identity full;
create trigger "account_updatedAt_touch" before update on "accounts"."account" for each row execute function lineshaft.touch('updatedAt');

-- create-table:accounts.credential (additive). An entity is declared.
-- Locks: none on existing tables.
create table "accounts"."credential" (
  "id" uuid default lineshaft.uuidv7() not null,
  "account" uuid not null,
  "provider" character varying(100) not null,
  "issuer" character varying(300) not null,
  "subject" character varying(300) not null,
  "password" character varying(300),
  "createdAt" timestamp(3) with time zone default now() not null,
  "updatedAt" timestamp(3) with time zone default now() not null,
  constraint "credential_pkey" primary key ("id"),
  constraint "credential_issuer_subject_key" unique ("issuer", "subject")
);
alter table "accounts"."credential" replica identity full;
create index "credential_account_idx" on "accounts"."credential" using btree ("account");
create trigger "credential_updatedAt_touch" before update on "accounts"."credential" for each row execute function lineshaft.touch('updatedAt');

-- create-table:accounts.session (additive). An entity is declared.
-- Locks: none on existing tables.
create table "accounts"."session" (
  "id" uuid default lineshaft.uuidv7() not null,
  "account" uuid not null,
  "token" character varying(64) not null,
  "address" character varying(64),
  "agent" character varying(300),
  "createdAt" timestamp(3) with time zone default now() not null,
  "updatedAt" timestamp(3) with time zone default now() not null,
  "expiresAt" timestamp(3) with time zone not null,
  constraint "session_pkey" primary key ("id"),
  constraint "session_token_key" unique ("token")
);
alter table "accounts"."session" replica identity full;
create index "session_account_idx" on "accounts"."session" using btree ("account");
create trigger "session_updatedAt_touch" before update on "accounts"."session" for each row execute function lineshaft.touch('updatedAt');

-- create-table:accounts.verification (additive). An entity is declared.
-- Locks: none on existing tables.
create table "accounts"."verification" (
  "id" uuid default lineshaft.uuidv7() not null,
  "identifier" character varying(64) not null,
  "value" character varying(1000) not null,
  "account" uuid,
  "createdAt" timestamp(3) with time zone default now() not null,
  "updatedAt" timestamp(3) with time zone default now() not null,
  "expiresAt" timestamp(3) with time zone not null,
  constraint "verification_pkey" primary key ("id")
);
alter table "accounts"."verification" replica identity full;
create index "verification_identifier_idx" on "accounts"."verification" using btree ("identifier");
create index "verification_account_idx" on "accounts"."verification" using btree ("account");
create index "verification_expiresAt_idx" on "accounts"."verification" using btree ("expiresAt");
create trigger "verification_updatedAt_touch" before update on "accounts"."verification" for each row execute function lineshaft.touch('updatedAt');

-- create-table:blog.profile (additive). An entity is declared.
-- Locks: none on existing tables.
create table "blog"."profile" (
  "account" uuid not null,
  "username" character varying(64) not null,
  "bio" character varying(5000),
  "image" character varying(2048),
  "createdAt" timestamp(3) with time zone default now() not null,
  constraint "profile_pkey" primary key ("account"),
  constraint "profile_username_key" unique ("username")
);
alter table "blog"."profile" replica identity full;

-- create-table:blog.article (additive). An entity is declared.
-- Locks: none on existing tables.
create table "blog"."article" (
  "id" uuid default lineshaft.uuidv7() not null,
  "slug" character varying(120) not null,
  "title" character varying(300) not null,
  "description" character varying(2000) not null,
  "body" text not null,
  "tagList" character varying(100)[] default '{}' not null,
  "author" uuid not null,
  "status" text default 'published' not null,
  "publishAt" timestamp(3) with time zone,
  "commentPolicy" text default 'open' not null,
  "createdAt" timestamp(3) with time zone default now() not null,
  "updatedAt" timestamp(3) with time zone default now() not null,
  constraint "article_pkey" primary key ("id"),
  constraint "article_slug_key" unique ("slug"),
  constraint "article_status_check_241c027c" check ("status" = any (array['draft', 'published']::text[])),
  constraint "article_commentPolicy_check_4d2417b2" check ("commentPolicy" = any (array['open', 'moderated']::text[]))
);
alter table "blog"."article" replica identity full;
create index "article_author_idx" on "blog"."article" using btree ("author");
create index "article_publishAt_id_5e46f8bd_idx" on "blog"."article" using btree ("publishAt", "id") where "status" = 'published';
create index "article_author_publishAt_id_idx" on "blog"."article" using btree ("author", "publishAt", "id");
create index "article_tagList_gin_idx" on "blog"."article" using gin ("tagList");
create index "article_title_description_body_search_a84ff3a5_idx" on "blog"."article" using gin ((to_tsvector('english'::regconfig, coalesce("title", '') || ' ' || coalesce("description", '') || ' ' || coalesce("body", ''))));
create trigger "article_updatedAt_touch" before update on "blog"."article" for each row execute function lineshaft.touch('updatedAt');

-- create-table:blog.favorite (additive). An entity is declared.
-- Locks: none on existing tables.
create table "blog"."favorite" (
  "article" uuid not null,
  "account" uuid not null,
  constraint "favorite_pkey" primary key ("article", "account")
);
alter table "blog"."favorite" replica identity full;
create index "favorite_account_idx" on "blog"."favorite" using btree ("account");

-- create-table:blog.follow (additive). An entity is declared.
-- Locks: none on existing tables.
create table "blog"."follow" (
  "follower" uuid not null,
  "followed" uuid not null,
  constraint "follow_pkey" primary key ("follower", "followed")
);
alter table "blog"."follow" replica identity full;
create index "follow_followed_idx" on "blog"."follow" using btree ("followed");

-- create-table:blog.comment (additive). An entity is declared.
-- Locks: none on existing tables.
create table "blog"."comment" (
  "id" integer generated by default as identity not null,
  "article" uuid not null,
  "author" uuid not null,
  "body" character varying(20000) not null,
  "status" text default 'shown' not null,
  "createdAt" timestamp(3) with time zone default now() not null,
  "updatedAt" timestamp(3) with time zone default now() not null,
  constraint "comment_pkey" primary key ("id"),
  constraint "comment_status_check_723dd294" check ("status" = any (array['shown', 'held']::text[]))
);
alter table "blog"."comment" replica identity full;
create index "comment_article_idx" on "blog"."comment" using btree ("article");
create index "comment_author_idx" on "blog"."comment" using btree ("author");
create index "comment_article_id_idx" on "blog"."comment" using btree ("article", "id");
create trigger "comment_updatedAt_touch" before update on "blog"."comment" for each row execute function lineshaft.touch('updatedAt');

-- create-table:tasks.project (additive). An entity is declared.
-- Locks: none on existing tables.
create table "tasks"."project" (
  "id" uuid default lineshaft.uuidv7() not null,
  "name" character varying(200) not null,
  "description" character varying(5000) default '' not null,
  "archivedAt" timestamp(3) with time zone,
  "createdAt" timestamp(3) with time zone default now() not null,
  "updatedAt" timestamp(3) with time zone default now() not null,
  constraint "project_pkey" primary key ("id")
);
alter table "tasks"."project" replica identity full;
create trigger "project_updatedAt_touch" before update on "tasks"."project" for each row execute function lineshaft.touch('updatedAt');

-- create-table:tasks.member (additive). An entity is declared.
-- Locks: none on existing tables.
create table "tasks"."member" (
  "project" uuid not null,
  "account" uuid not null,
  "role" text not null,
  "createdAt" timestamp(3) with time zone default now() not null,
  constraint "member_pkey" primary key ("project", "account"),
  constraint "member_role_check_b13579df" check ("role" = any (array['viewer', 'editor', 'owner']::text[]))
);
alter table "tasks"."member" replica identity full;
create index "member_account_idx" on "tasks"."member" using btree ("account");

-- create-table:tasks.invitation (additive). An entity is declared.
-- Locks: none on existing tables.
create table "tasks"."invitation" (
  "id" uuid default lineshaft.uuidv7() not null,
  "project" uuid not null,
  "email" character varying(254) not null,
  "role" text not null,
  "invitedBy" uuid,
  "createdAt" timestamp(3) with time zone default now() not null,
  constraint "invitation_pkey" primary key ("id"),
  constraint "invitation_project_email_key" unique ("project", "email"),
  constraint "invitation_role_check_b13579df" check ("role" = any (array['viewer', 'editor', 'owner']::text[]))
);
alter table "tasks"."invitation" replica identity full;
create index "invitation_email_idx" on "tasks"."invitation" using btree ("email");
create index "invitation_invitedBy_idx" on "tasks"."invitation" using btree ("invitedBy");

-- create-table:tasks.label (additive). An entity is declared.
-- Locks: none on existing tables.
create table "tasks"."label" (
  "id" uuid default lineshaft.uuidv7() not null,
  "project" uuid not null,
  "name" character varying(50) not null,
  "color" character varying(7) default '#64748b' not null,
  constraint "label_pkey" primary key ("id"),
  constraint "label_project_name_key" unique ("project", "name")
);
alter table "tasks"."label" replica identity full;

-- create-table:tasks.series (additive). An entity is declared.
-- Locks: none on existing tables.
create table "tasks"."series" (
  "id" uuid default lineshaft.uuidv7() not null,
  "project" uuid not null,
  "rule" character varying(300) not null,
  "startDate" date not null,
  "startTime" character varying(5),
  "timeZone" character varying(64) not null,
  constraint "series_pkey" primary key ("id")
);
alter table "tasks"."series" replica identity full;
create index "series_project_idx" on "tasks"."series" using btree ("project");

-- create-table:tasks.task (additive). An entity is declared.
-- Locks: none on existing tables.
create table "tasks"."task" (
  "id" uuid default lineshaft.uuidv7() not null,
  "project" uuid not null,
  "title" character varying(300) not null,
  "notes" character varying(20000) default '' not null,
  "status" text default 'todo' not null,
  "statusRank" integer generated always as (case status when 'todo' then 0 when 'doing' then 1 when 'review' then 2 when 'done' then 3 when 'canceled' then 4 end) stored not null,
  "priority" text default 'normal' not null,
  "priorityRank" integer generated always as (case priority when 'low' then 0 when 'normal' then 1 when 'high' then 2 when 'urgent' then 3 end) stored not null,
  "dueDate" date,
  "dueTime" character varying(5),
  "dueZone" character varying(64),
  "dueAt" timestamp(3) with time zone,
  "position" character varying(1000) not null,
  "assignee" uuid,
  "parent" uuid,
  "series" uuid,
  "occurrence" character varying(16),
  "version" integer default 1 not null,
  "createdBy" uuid,
  "completedAt" timestamp(3) with time zone,
  "createdAt" timestamp(3) with time zone default now() not null,
  "updatedAt" timestamp(3) with time zone default now() not null,
  constraint "task_pkey" primary key ("id"),
  constraint "task_project_position_key" unique ("project", "position"),
  constraint "task_series_occurrence_key" unique ("series", "occurrence"),
  constraint "task_status_check_af831f5b" check ("status" = any (array['todo', 'doing', 'review', 'done', 'canceled']::text[])),
  constraint "task_priority_check_8127049c" check ("priority" = any (array['low', 'normal', 'high', 'urgent']::text[]))
);
alter table "tasks"."task" replica identity full;
comment on column "tasks"."task"."statusRank" is 'computed: 113f941b';
comment on column "tasks"."task"."priorityRank" is 'computed: 7241137b';
create index "task_assignee_idx" on "tasks"."task" using btree ("assignee");
create index "task_parent_idx" on "tasks"."task" using btree ("parent");
create index "task_createdBy_idx" on "tasks"."task" using btree ("createdBy");
create index "task_project_status_position_idx" on "tasks"."task" using btree ("project", "status", "position");
create index "task_project_statusRank_id_idx" on "tasks"."task" using btree ("project", "statusRank", "id");
create index "task_project_priorityRank_id_idx" on "tasks"."task" using btree ("project", "priorityRank", "id");
create index "task_project_dueAt_id_idx" on "tasks"."task" using btree ("project", "dueAt", "id");
create index "task_project_createdAt_id_idx" on "tasks"."task" using btree ("project", "createdAt", "id");
create index "task_project_updatedAt_id_idx" on "tasks"."task" using btree ("project", "updatedAt", "id");
create index "task_project_title_id_idx" on "tasks"."task" using btree ("project", "title", "id");
create index "task_assignee_dueAt_id_idx" on "tasks"."task" using btree ("assignee", "dueAt", "id");
create index "task_title_notes_search_203a1f77_idx" on "tasks"."task" using gin ((to_tsvector('english'::regconfig, coalesce("title", '') || ' ' || coalesce("notes", ''))));
create trigger "task_updatedAt_touch" before update on "tasks"."task" for each row execute function lineshaft.touch('updatedAt');

-- create-table:tasks.task_label (additive). An entity is declared.
-- Locks: none on existing tables.
create table "tasks"."task_label" (
  "task" uuid not null,
  "label" uuid not null,
  constraint "task_label_pkey" primary key ("task", "label")
);
alter table "tasks"."task_label" replica identity full;
create index "task_label_label_idx" on "tasks"."task_label" using btree ("label");

-- create-table:tasks.comment (additive). An entity is declared.
-- Locks: none on existing tables.
create table "tasks"."comment" (
  "id" uuid default lineshaft.uuidv7() not null,
  "task" uuid not null,
  "author" uuid,
  "body" character varying(20000) not null,
  "createdAt" timestamp(3) with time zone default now() not null,
  "updatedAt" timestamp(3) with time zone default now() not null,
  constraint "comment_pkey" primary key ("id")
);
alter table "tasks"."comment" replica identity full;
create index "comment_task_idx" on "tasks"."comment" using btree ("task");
create index "comment_author_idx" on "tasks"."comment" using btree ("author");
create index "comment_task_id_idx" on "tasks"."comment" using btree ("task", "id");
create trigger "comment_updatedAt_touch" before update on "tasks"."comment" for each row execute function lineshaft.touch('updatedAt');

-- create-table:tasks.work_log (additive). An entity is declared.
-- Locks: none on existing tables.
create table "tasks"."work_log" (
  "id" uuid default lineshaft.uuidv7() not null,
  "task" uuid not null,
  "account" uuid,
  "minutes" integer not null,
  "day" date not null,
  "note" character varying(1000) default '' not null,
  "createdAt" timestamp(3) with time zone default now() not null,
  "updatedAt" timestamp(3) with time zone default now() not null,
  constraint "work_log_pkey" primary key ("id")
);
alter table "tasks"."work_log" replica identity full;
create index "work_log_task_idx" on "tasks"."work_log" using btree ("task");
create index "work_log_account_idx" on "tasks"."work_log" using btree ("account");
create index "work_log_task_id_idx" on "tasks"."work_log" using btree ("task", "id");
create index "work_log_task_day_idx" on "tasks"."work_log" using btree ("task", "day");
create trigger "work_log_updatedAt_touch" before update on "tasks"."work_log" for each row execute function lineshaft.touch('updatedAt');

-- create-table:tasks.activity (additive). An entity is declared.
-- Locks: none on existing tables.
create table "tasks"."activity" (
  "id" uuid default lineshaft.uuidv7() not null,
  "project" uuid not null,
  "actor" uuid,
  "action" text not null,
  "task" character varying(36),
  "title" character varying(300),
  "changes" jsonb not null,
  "createdAt" timestamp(3) with time zone default now() not null,
  constraint "activity_pkey" primary key ("id"),
  constraint "activity_action_check_d3392263" check ("action" = any (array['project.created', 'project.changed', 'member.added', 'member.changed', 'member.removed', 'invitation.sent', 'invitation.withdrawn', 'invitation.declined', 'label.created', 'label.changed', 'label.deleted', 'task.created', 'task.changed', 'task.moved', 'task.deleted', 'comment.added', 'comment.changed', 'comment.deleted', 'work.logged', 'work.changed', 'work.deleted']::text[]))
);
alter table "tasks"."activity" replica identity full;
create index "activity_project_idx" on "tasks"."activity" using btree ("project");
create index "activity_actor_idx" on "tasks"."activity" using btree ("actor");
create index "activity_project_id_idx" on "tasks"."activity" using btree ("project", "id");
create index "activity_project_task_id_idx" on "tasks"."activity" using btree ("project", "task", "id");

-- create-table:todos.todo (additive). An entity is declared.
-- Locks: none on existing tables.
create table "todos"."todo" (
  "id" uuid default lineshaft.uuidv7() not null,
  "title" character varying(500) not null,
  "completed" boolean default false not null,
  "order" integer,
  "createdAt" timestamp(3) with time zone default now() not null,
  constraint "todo_pkey" primary key ("id")
);
alter table "todos"."todo" replica identity full;

-- add-foreign-key:accounts.credential.credential_account_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "accounts"."credential" add constraint "credential_account_fkey" foreign key ("account") references "accounts"."account" ("id") on delete cascade;

-- add-foreign-key:accounts.session.session_account_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "accounts"."session" add constraint "session_account_fkey" foreign key ("account") references "accounts"."account" ("id") on delete cascade;

-- add-foreign-key:accounts.verification.verification_account_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "accounts"."verification" add constraint "verification_account_fkey" foreign key ("account") references "accounts"."account" ("id") on delete cascade;

-- add-foreign-key:blog.profile.profile_account_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "blog"."profile" add constraint "profile_account_fkey" foreign key ("account") references "accounts"."account" ("id") on delete cascade;

-- add-foreign-key:blog.article.article_author_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "blog"."article" add constraint "article_author_fkey" foreign key ("author") references "blog"."profile" ("account") on delete cascade;

-- add-foreign-key:blog.favorite.favorite_article_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "blog"."favorite" add constraint "favorite_article_fkey" foreign key ("article") references "blog"."article" ("id") on delete cascade;

-- add-foreign-key:blog.favorite.favorite_account_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "blog"."favorite" add constraint "favorite_account_fkey" foreign key ("account") references "blog"."profile" ("account") on delete cascade;

-- add-foreign-key:blog.follow.follow_follower_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "blog"."follow" add constraint "follow_follower_fkey" foreign key ("follower") references "blog"."profile" ("account") on delete cascade;

-- add-foreign-key:blog.follow.follow_followed_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "blog"."follow" add constraint "follow_followed_fkey" foreign key ("followed") references "blog"."profile" ("account") on delete cascade;

-- add-foreign-key:blog.comment.comment_article_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "blog"."comment" add constraint "comment_article_fkey" foreign key ("article") references "blog"."article" ("id") on delete cascade;

-- add-foreign-key:blog.comment.comment_author_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "blog"."comment" add constraint "comment_author_fkey" foreign key ("author") references "blog"."profile" ("account") on delete cascade;

-- add-foreign-key:tasks.member.member_project_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "tasks"."member" add constraint "member_project_fkey" foreign key ("project") references "tasks"."project" ("id") on delete cascade;

-- add-foreign-key:tasks.member.member_account_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "tasks"."member" add constraint "member_account_fkey" foreign key ("account") references "accounts"."account" ("id") on delete cascade;

-- add-foreign-key:tasks.invitation.invitation_project_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "tasks"."invitation" add constraint "invitation_project_fkey" foreign key ("project") references "tasks"."project" ("id") on delete cascade;

-- add-foreign-key:tasks.invitation.invitation_invitedBy_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "tasks"."invitation" add constraint "invitation_invitedBy_fkey" foreign key ("invitedBy") references "accounts"."account" ("id") on delete set null;

-- add-foreign-key:tasks.label.label_project_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "tasks"."label" add constraint "label_project_fkey" foreign key ("project") references "tasks"."project" ("id") on delete cascade;

-- add-foreign-key:tasks.series.series_project_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "tasks"."series" add constraint "series_project_fkey" foreign key ("project") references "tasks"."project" ("id") on delete cascade;

-- add-foreign-key:tasks.task.task_project_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "tasks"."task" add constraint "task_project_fkey" foreign key ("project") references "tasks"."project" ("id") on delete cascade;

-- add-foreign-key:tasks.task.task_assignee_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "tasks"."task" add constraint "task_assignee_fkey" foreign key ("assignee") references "accounts"."account" ("id") on delete set null;

-- add-foreign-key:tasks.task.task_parent_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "tasks"."task" add constraint "task_parent_fkey" foreign key ("parent") references "tasks"."task" ("id") on delete cascade;

-- add-foreign-key:tasks.task.task_series_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "tasks"."task" add constraint "task_series_fkey" foreign key ("series") references "tasks"."series" ("id") on delete set null;

-- add-foreign-key:tasks.task.task_createdBy_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "tasks"."task" add constraint "task_createdBy_fkey" foreign key ("createdBy") references "accounts"."account" ("id") on delete set null;

-- add-foreign-key:tasks.task_label.task_label_task_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "tasks"."task_label" add constraint "task_label_task_fkey" foreign key ("task") references "tasks"."task" ("id") on delete cascade;

-- add-foreign-key:tasks.task_label.task_label_label_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "tasks"."task_label" add constraint "task_label_label_fkey" foreign key ("label") references "tasks"."label" ("id") on delete cascade;

-- add-foreign-key:tasks.comment.comment_task_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "tasks"."comment" add constraint "comment_task_fkey" foreign key ("task") references "tasks"."task" ("id") on delete cascade;

-- add-foreign-key:tasks.comment.comment_author_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "tasks"."comment" add constraint "comment_author_fkey" foreign key ("author") references "accounts"."account" ("id") on delete set null;

-- add-foreign-key:tasks.work_log.work_log_task_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "tasks"."work_log" add constraint "work_log_task_fkey" foreign key ("task") references "tasks"."task" ("id") on delete cascade;

-- add-foreign-key:tasks.work_log.work_log_account_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "tasks"."work_log" add constraint "work_log_account_fkey" foreign key ("account") references "accounts"."account" ("id") on delete set null;

-- add-foreign-key:tasks.activity.activity_project_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "tasks"."activity" add constraint "activity_project_fkey" foreign key ("project") references "tasks"."project" ("id") on delete cascade;

-- add-foreign-key:tasks.activity.activity_actor_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "tasks"."activity" add constraint "activity_actor_fkey" foreign key ("actor") references "accounts"."account" ("id") on delete set null;
