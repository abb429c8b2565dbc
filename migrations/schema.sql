-- The schema that the migrations give. Written by Lineshaft at each migration in development; do not edit.

create schema "accounts";

create schema "blog";

create schema "chat";

create schema "tasks";

create schema "todos";

create table "accounts"."account" (
  "id" uuid default lineshaft.uuidv7() not null,
  "email" character varying(254) not null,
  "emailVerified" boolean default false not null,
  "name" character varying(100) default '' not null,
  "image" character varying(2048),
  "createdAt" timestamp(3) with time zone default now() not null,
  "updatedAt" timestamp(3) with time zone default now() not null
);
alter table "accounts"."account" replica identity full;
alter table "accounts"."account" add constraint "account_email_key" UNIQUE (email);
alter table "accounts"."account" add constraint "account_pkey" PRIMARY KEY (id);
CREATE TRIGGER "account_updatedAt_touch" BEFORE UPDATE ON accounts.account FOR EACH ROW EXECUTE FUNCTION lineshaft.touch('updatedAt');

create table "accounts"."credential" (
  "id" uuid default lineshaft.uuidv7() not null,
  "account" uuid not null,
  "provider" character varying(100) not null,
  "issuer" character varying(300) not null,
  "subject" character varying(300) not null,
  "password" character varying(300),
  "createdAt" timestamp(3) with time zone default now() not null,
  "updatedAt" timestamp(3) with time zone default now() not null
);
alter table "accounts"."credential" replica identity full;
alter table "accounts"."credential" add constraint "credential_issuer_subject_key" UNIQUE (issuer, subject);
alter table "accounts"."credential" add constraint "credential_pkey" PRIMARY KEY (id);
CREATE INDEX credential_account_idx ON accounts.credential USING btree (account);
CREATE TRIGGER "credential_updatedAt_touch" BEFORE UPDATE ON accounts.credential FOR EACH ROW EXECUTE FUNCTION lineshaft.touch('updatedAt');

create table "accounts"."session" (
  "id" uuid default lineshaft.uuidv7() not null,
  "account" uuid not null,
  "token" character varying(64) not null,
  "address" character varying(64),
  "agent" character varying(300),
  "createdAt" timestamp(3) with time zone default now() not null,
  "updatedAt" timestamp(3) with time zone default now() not null,
  "expiresAt" timestamp(3) with time zone not null
);
alter table "accounts"."session" replica identity full;
alter table "accounts"."session" add constraint "session_pkey" PRIMARY KEY (id);
alter table "accounts"."session" add constraint "session_token_key" UNIQUE (token);
CREATE INDEX session_account_idx ON accounts.session USING btree (account);
CREATE TRIGGER "session_updatedAt_touch" BEFORE UPDATE ON accounts.session FOR EACH ROW EXECUTE FUNCTION lineshaft.touch('updatedAt');

create table "accounts"."verification" (
  "id" uuid default lineshaft.uuidv7() not null,
  "identifier" character varying(64) not null,
  "value" character varying(1000) not null,
  "account" uuid,
  "createdAt" timestamp(3) with time zone default now() not null,
  "updatedAt" timestamp(3) with time zone default now() not null,
  "expiresAt" timestamp(3) with time zone not null
);
alter table "accounts"."verification" replica identity full;
alter table "accounts"."verification" add constraint "verification_pkey" PRIMARY KEY (id);
CREATE INDEX verification_account_idx ON accounts.verification USING btree (account);
CREATE INDEX "verification_expiresAt_idx" ON accounts.verification USING btree ("expiresAt");
CREATE INDEX verification_identifier_idx ON accounts.verification USING btree (identifier);
CREATE TRIGGER "verification_updatedAt_touch" BEFORE UPDATE ON accounts.verification FOR EACH ROW EXECUTE FUNCTION lineshaft.touch('updatedAt');

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
  "updatedAt" timestamp(3) with time zone default now() not null
);
alter table "blog"."article" replica identity full;
alter table "blog"."article" add constraint "article_commentPolicy_check_4d2417b2" CHECK (("commentPolicy" = ANY (ARRAY['open'::text, 'moderated'::text])));
alter table "blog"."article" add constraint "article_pkey" PRIMARY KEY (id);
alter table "blog"."article" add constraint "article_slug_key" UNIQUE (slug);
alter table "blog"."article" add constraint "article_status_check_711839e2" CHECK ((status = ANY (ARRAY['draft'::text, 'scheduled'::text, 'published'::text])));
CREATE INDEX article_author_idx ON blog.article USING btree (author);
CREATE INDEX "article_author_publishAt_id_idx" ON blog.article USING btree (author, "publishAt", id);
CREATE INDEX "article_publishAt_07ec58b7_idx" ON blog.article USING btree ("publishAt") WHERE (status = 'scheduled'::text);
CREATE INDEX "article_publishAt_id_5e46f8bd_idx" ON blog.article USING btree ("publishAt", id) WHERE (status = 'published'::text);
CREATE INDEX "article_tagList_gin_idx" ON blog.article USING gin ("tagList");
CREATE INDEX article_title_description_body_search_a84ff3a5_idx ON blog.article USING gin (to_tsvector('english'::regconfig, (((((COALESCE(title, ''::character varying))::text || ' '::text) || (COALESCE(description, ''::character varying))::text) || ' '::text) || COALESCE(body, ''::text))));
CREATE TRIGGER "article_updatedAt_touch" BEFORE UPDATE ON blog.article FOR EACH ROW EXECUTE FUNCTION lineshaft.touch('updatedAt');

create table "blog"."comment" (
  "id" integer generated by default as identity not null,
  "article" uuid not null,
  "author" uuid not null,
  "body" character varying(20000) not null,
  "status" text default 'shown' not null,
  "createdAt" timestamp(3) with time zone default now() not null,
  "updatedAt" timestamp(3) with time zone default now() not null
);
alter table "blog"."comment" replica identity full;
alter table "blog"."comment" add constraint "comment_pkey" PRIMARY KEY (id);
alter table "blog"."comment" add constraint "comment_status_check_723dd294" CHECK ((status = ANY (ARRAY['shown'::text, 'held'::text])));
CREATE INDEX comment_article_id_idx ON blog.comment USING btree (article, id);
CREATE INDEX comment_article_idx ON blog.comment USING btree (article);
CREATE INDEX comment_author_idx ON blog.comment USING btree (author);
CREATE TRIGGER "comment_updatedAt_touch" BEFORE UPDATE ON blog.comment FOR EACH ROW EXECUTE FUNCTION lineshaft.touch('updatedAt');

create table "blog"."favorite" (
  "article" uuid not null,
  "account" uuid not null
);
alter table "blog"."favorite" replica identity full;
alter table "blog"."favorite" add constraint "favorite_pkey" PRIMARY KEY (article, account);
CREATE INDEX favorite_account_idx ON blog.favorite USING btree (account);

create table "blog"."feed_entry" (
  "follow" uuid not null,
  "article" uuid not null
);
alter table "blog"."feed_entry" replica identity full;
alter table "blog"."feed_entry" add constraint "feed_entry_pkey" PRIMARY KEY (follow, article);
CREATE INDEX feed_entry_article_idx ON blog.feed_entry USING btree (article);

create table "blog"."follow" (
  "follower" uuid not null,
  "followed" uuid not null,
  "id" uuid default lineshaft.uuidv7() not null
);
alter table "blog"."follow" replica identity full;
alter table "blog"."follow" add constraint "follow_follower_followed_key" UNIQUE (follower, followed);
alter table "blog"."follow" add constraint "follow_pkey" PRIMARY KEY (id);
CREATE INDEX follow_followed_idx ON blog.follow USING btree (followed);

create table "blog"."profile" (
  "account" uuid not null,
  "username" character varying(64) not null,
  "bio" character varying(5000),
  "image" character varying(2048),
  "createdAt" timestamp(3) with time zone default now() not null
);
alter table "blog"."profile" replica identity full;
alter table "blog"."profile" add constraint "profile_pkey" PRIMARY KEY (account);
alter table "blog"."profile" add constraint "profile_username_key" UNIQUE (username);

create table "chat"."act" (
  "id" uuid default lineshaft.uuidv7() not null,
  "room" uuid not null,
  "actor" uuid,
  "act" text not null,
  "account" uuid,
  "number" integer,
  "until" timestamp(3) with time zone,
  "role" text,
  "reason" character varying(500) default '' not null,
  "createdAt" timestamp(3) with time zone default now() not null
);
alter table "chat"."act" replica identity full;
alter table "chat"."act" add constraint "act_act_check_b760d84c" CHECK ((act = ANY (ARRAY['kick'::text, 'mute'::text, 'unmute'::text, 'ban'::text, 'unban'::text, 'delete'::text, 'role'::text])));
alter table "chat"."act" add constraint "act_pkey" PRIMARY KEY (id);
alter table "chat"."act" add constraint "act_role_check_77e23e01" CHECK ((role = ANY (ARRAY['member'::text, 'moderator'::text, 'owner'::text])));
CREATE INDEX act_account_idx ON chat.act USING btree (account);
CREATE INDEX act_actor_idx ON chat.act USING btree (actor);
CREATE INDEX act_room_id_idx ON chat.act USING btree (room, id);
CREATE INDEX act_room_idx ON chat.act USING btree (room);

create table "chat"."attachment" (
  "id" uuid default lineshaft.uuidv7() not null,
  "room" uuid not null,
  "number" integer,
  "author" uuid,
  "key" character varying(200) not null,
  "name" character varying(200) not null,
  "type" character varying(200) not null,
  "size" integer not null,
  "createdAt" timestamp(3) with time zone not null
);
alter table "chat"."attachment" replica identity full;
alter table "chat"."attachment" add constraint "attachment_key_key" UNIQUE (key);
alter table "chat"."attachment" add constraint "attachment_pkey" PRIMARY KEY (id);
CREATE INDEX attachment_author_idx ON chat.attachment USING btree (author);
CREATE INDEX "attachment_createdAt_0bdb2511_idx" ON chat.attachment USING btree ("createdAt") WHERE (number IS NULL);
CREATE INDEX attachment_room_idx ON chat.attachment USING btree (room);
CREATE INDEX attachment_room_number_idx ON chat.attachment USING btree (room, number);

create table "chat"."ban" (
  "room" uuid not null,
  "account" uuid not null,
  "reason" character varying(500) default '' not null,
  "bannedBy" uuid,
  "createdAt" timestamp(3) with time zone default now() not null
);
alter table "chat"."ban" replica identity full;
alter table "chat"."ban" add constraint "ban_pkey" PRIMARY KEY (room, account);
CREATE INDEX ban_account_idx ON chat.ban USING btree (account);
CREATE INDEX "ban_bannedBy_idx" ON chat.ban USING btree ("bannedBy");

create table "chat"."invitation" (
  "room" uuid not null,
  "account" uuid not null,
  "invitedBy" uuid,
  "createdAt" timestamp(3) with time zone default now() not null
);
alter table "chat"."invitation" replica identity full;
alter table "chat"."invitation" add constraint "invitation_pkey" PRIMARY KEY (room, account);
CREATE INDEX invitation_account_idx ON chat.invitation USING btree (account);
CREATE INDEX "invitation_invitedBy_idx" ON chat.invitation USING btree ("invitedBy");

create table "chat"."member" (
  "room" uuid not null,
  "account" uuid not null,
  "role" text default 'member' not null,
  "readNumber" integer default 0 not null,
  "postedAt" timestamp(3) with time zone,
  "createdAt" timestamp(3) with time zone default now() not null
);
alter table "chat"."member" replica identity full;
alter table "chat"."member" add constraint "member_pkey" PRIMARY KEY (room, account);
alter table "chat"."member" add constraint "member_role_check_77e23e01" CHECK ((role = ANY (ARRAY['member'::text, 'moderator'::text, 'owner'::text])));
CREATE INDEX member_account_idx ON chat.member USING btree (account);

create table "chat"."mention" (
  "room" uuid not null,
  "number" integer not null,
  "account" uuid not null
);
alter table "chat"."mention" replica identity full;
alter table "chat"."mention" add constraint "mention_pkey" PRIMARY KEY (room, number, account);
CREATE INDEX mention_account_idx ON chat.mention USING btree (account);
CREATE INDEX mention_account_room_number_idx ON chat.mention USING btree (account, room, number);

create table "chat"."message" (
  "id" uuid default lineshaft.uuidv7() not null,
  "room" uuid not null,
  "number" integer not null,
  "author" uuid,
  "clientId" character varying(36) not null,
  "text" character varying(4000) not null,
  "replyTo" integer,
  "thread" integer,
  "replyCount" integer default 0 not null,
  "lastReply" integer,
  "lastReplyAt" timestamp(3) with time zone,
  "editedAt" timestamp(3) with time zone,
  "deletedAt" timestamp(3) with time zone,
  "createdAt" timestamp(3) with time zone not null
);
alter table "chat"."message" replica identity full;
alter table "chat"."message" add constraint "message_pkey" PRIMARY KEY (id);
alter table "chat"."message" add constraint "message_room_author_clientId_key" UNIQUE (room, author, "clientId");
alter table "chat"."message" add constraint "message_room_number_key" UNIQUE (room, number);
CREATE INDEX message_author_idx ON chat.message USING btree (author);
CREATE INDEX message_room_thread_number_017e1801_idx ON chat.message USING btree (room, thread, number) WHERE (thread IS NOT NULL);
CREATE INDEX message_text_search_24bb9614_idx ON chat.message USING gin (to_tsvector('simple'::regconfig, (COALESCE(text, ''::character varying))::text));

create table "chat"."mute" (
  "room" uuid not null,
  "account" uuid not null,
  "until" timestamp(3) with time zone not null
);
alter table "chat"."mute" replica identity full;
alter table "chat"."mute" add constraint "mute_pkey" PRIMARY KEY (room, account);
CREATE INDEX mute_account_idx ON chat.mute USING btree (account);

create table "chat"."reaction" (
  "room" uuid not null,
  "number" integer not null,
  "emoji" character varying(32) not null,
  "account" uuid not null,
  "createdAt" timestamp(3) with time zone default now() not null
);
alter table "chat"."reaction" replica identity full;
alter table "chat"."reaction" add constraint "reaction_pkey" PRIMARY KEY (room, number, emoji, account);
CREATE INDEX reaction_account_idx ON chat.reaction USING btree (account);

create table "chat"."room" (
  "id" uuid default lineshaft.uuidv7() not null,
  "kind" text not null,
  "name" character varying(80),
  "topic" character varying(500) default '' not null,
  "pair" character varying(73),
  "slowSeconds" integer default 0 not null,
  "lastNumber" integer default 0 not null,
  "lastMessageAt" timestamp(3) with time zone,
  "archivedAt" timestamp(3) with time zone,
  "createdAt" timestamp(3) with time zone default now() not null
);
alter table "chat"."room" replica identity full;
alter table "chat"."room" add constraint "room_kind_check_502139ce" CHECK ((kind = ANY (ARRAY['public'::text, 'private'::text, 'direct'::text])));
alter table "chat"."room" add constraint "room_pair_key" UNIQUE (pair);
alter table "chat"."room" add constraint "room_pkey" PRIMARY KEY (id);
CREATE INDEX room_name_id_0cffe0f1_idx ON chat.room USING btree (name, id) WHERE (kind = 'public'::text);

create table "tasks"."activity" (
  "id" uuid default lineshaft.uuidv7() not null,
  "project" uuid not null,
  "actor" uuid,
  "action" text not null,
  "task" character varying(36),
  "title" character varying(300),
  "changes" jsonb not null,
  "createdAt" timestamp(3) with time zone default now() not null,
  "position" bigint default 0 not null
);
alter table "tasks"."activity" replica identity full;
alter table "tasks"."activity" add constraint "activity_action_check_d3392263" CHECK ((action = ANY (ARRAY['project.created'::text, 'project.changed'::text, 'member.added'::text, 'member.changed'::text, 'member.removed'::text, 'invitation.sent'::text, 'invitation.withdrawn'::text, 'invitation.declined'::text, 'label.created'::text, 'label.changed'::text, 'label.deleted'::text, 'task.created'::text, 'task.changed'::text, 'task.moved'::text, 'task.deleted'::text, 'comment.added'::text, 'comment.changed'::text, 'comment.deleted'::text, 'work.logged'::text, 'work.changed'::text, 'work.deleted'::text])));
alter table "tasks"."activity" add constraint "activity_pkey" PRIMARY KEY (id);
CREATE INDEX activity_actor_idx ON tasks.activity USING btree (actor);
CREATE INDEX activity_project_idx ON tasks.activity USING btree (project);
CREATE INDEX activity_project_position_id_idx ON tasks.activity USING btree (project, "position", id);
CREATE INDEX activity_project_task_position_id_idx ON tasks.activity USING btree (project, task, "position", id);

create table "tasks"."comment" (
  "id" uuid default lineshaft.uuidv7() not null,
  "task" uuid not null,
  "author" uuid,
  "body" character varying(20000) not null,
  "createdAt" timestamp(3) with time zone default now() not null,
  "updatedAt" timestamp(3) with time zone default now() not null
);
alter table "tasks"."comment" replica identity full;
alter table "tasks"."comment" add constraint "comment_pkey" PRIMARY KEY (id);
CREATE INDEX comment_author_idx ON tasks.comment USING btree (author);
CREATE INDEX comment_task_id_idx ON tasks.comment USING btree (task, id);
CREATE INDEX comment_task_idx ON tasks.comment USING btree (task);
CREATE TRIGGER "comment_updatedAt_touch" BEFORE UPDATE ON tasks.comment FOR EACH ROW EXECUTE FUNCTION lineshaft.touch('updatedAt');

create table "tasks"."invitation" (
  "id" uuid default lineshaft.uuidv7() not null,
  "project" uuid not null,
  "email" character varying(254) not null,
  "role" text not null,
  "invitedBy" uuid,
  "createdAt" timestamp(3) with time zone default now() not null
);
alter table "tasks"."invitation" replica identity full;
alter table "tasks"."invitation" add constraint "invitation_pkey" PRIMARY KEY (id);
alter table "tasks"."invitation" add constraint "invitation_project_email_key" UNIQUE (project, email);
alter table "tasks"."invitation" add constraint "invitation_role_check_b13579df" CHECK ((role = ANY (ARRAY['viewer'::text, 'editor'::text, 'owner'::text])));
CREATE INDEX invitation_email_idx ON tasks.invitation USING btree (email);
CREATE INDEX "invitation_invitedBy_idx" ON tasks.invitation USING btree ("invitedBy");

create table "tasks"."label" (
  "id" uuid default lineshaft.uuidv7() not null,
  "project" uuid not null,
  "name" character varying(50) not null,
  "color" character varying(7) default '#64748b' not null
);
alter table "tasks"."label" replica identity full;
alter table "tasks"."label" add constraint "label_pkey" PRIMARY KEY (id);
alter table "tasks"."label" add constraint "label_project_name_key" UNIQUE (project, name);

create table "tasks"."member" (
  "project" uuid not null,
  "account" uuid not null,
  "role" text not null,
  "createdAt" timestamp(3) with time zone default now() not null
);
alter table "tasks"."member" replica identity full;
alter table "tasks"."member" add constraint "member_pkey" PRIMARY KEY (project, account);
alter table "tasks"."member" add constraint "member_role_check_b13579df" CHECK ((role = ANY (ARRAY['viewer'::text, 'editor'::text, 'owner'::text])));
CREATE INDEX member_account_idx ON tasks.member USING btree (account);

create table "tasks"."notification" (
  "id" uuid default lineshaft.uuidv7() not null,
  "account" uuid not null,
  "task" uuid not null,
  "readAt" timestamp(3) with time zone,
  "createdAt" timestamp(3) with time zone default now() not null
);
alter table "tasks"."notification" replica identity full;
alter table "tasks"."notification" add constraint "notification_pkey" PRIMARY KEY (id);
CREATE INDEX notification_account_52df8488_idx ON tasks.notification USING btree (account) WHERE ("readAt" IS NULL);
CREATE INDEX "notification_account_createdAt_id_idx" ON tasks.notification USING btree (account, "createdAt", id);
CREATE INDEX notification_account_idx ON tasks.notification USING btree (account);
CREATE INDEX notification_task_idx ON tasks.notification USING btree (task);

create table "tasks"."project" (
  "id" uuid default lineshaft.uuidv7() not null,
  "name" character varying(200) not null,
  "description" character varying(5000) default '' not null,
  "archivedAt" timestamp(3) with time zone,
  "createdAt" timestamp(3) with time zone default now() not null,
  "updatedAt" timestamp(3) with time zone default now() not null
);
alter table "tasks"."project" replica identity full;
alter table "tasks"."project" add constraint "project_pkey" PRIMARY KEY (id);
CREATE TRIGGER "project_updatedAt_touch" BEFORE UPDATE ON tasks.project FOR EACH ROW EXECUTE FUNCTION lineshaft.touch('updatedAt');

create table "tasks"."reminder" (
  "id" uuid default lineshaft.uuidv7() not null,
  "task" uuid not null,
  "account" uuid not null,
  "minutesBefore" integer,
  "at" timestamp(3) with time zone,
  "cameAt" timestamp(3) with time zone
);
alter table "tasks"."reminder" replica identity full;
alter table "tasks"."reminder" add constraint "reminder_pkey" PRIMARY KEY (id);
CREATE INDEX reminder_account_at_id_idx ON tasks.reminder USING btree (account, at, id);
CREATE INDEX reminder_account_idx ON tasks.reminder USING btree (account);
CREATE INDEX reminder_task_idx ON tasks.reminder USING btree (task);

create table "tasks"."series" (
  "id" uuid default lineshaft.uuidv7() not null,
  "project" uuid not null,
  "rule" character varying(300) not null,
  "startDate" date not null,
  "startTime" character varying(5),
  "timeZone" character varying(64) not null,
  "next" text default 'closed' not null,
  "latest" character varying(16),
  "comesAt" timestamp(3) with time zone
);
alter table "tasks"."series" replica identity full;
alter table "tasks"."series" add constraint "series_next_check_431fe758" CHECK ((next = ANY (ARRAY['closed'::text, 'due'::text])));
alter table "tasks"."series" add constraint "series_pkey" PRIMARY KEY (id);
CREATE INDEX "series_comesAt_2355f805_idx" ON tasks.series USING btree ("comesAt") WHERE ("comesAt" IS NOT NULL);
CREATE INDEX series_project_idx ON tasks.series USING btree (project);

create table "tasks"."task" (
  "id" uuid default lineshaft.uuidv7() not null,
  "project" uuid not null,
  "title" character varying(300) not null,
  "notes" character varying(20000) default '' not null,
  "status" text default 'todo' not null,
  "statusRank" integer generated always as (
CASE status
    WHEN 'todo'::text THEN 0
    WHEN 'doing'::text THEN 1
    WHEN 'review'::text THEN 2
    WHEN 'done'::text THEN 3
    WHEN 'canceled'::text THEN 4
    ELSE NULL::integer
END) stored not null,
  "priority" text default 'normal' not null,
  "priorityRank" integer generated always as (
CASE priority
    WHEN 'low'::text THEN 0
    WHEN 'normal'::text THEN 1
    WHEN 'high'::text THEN 2
    WHEN 'urgent'::text THEN 3
    ELSE NULL::integer
END) stored not null,
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
  "updatedAt" timestamp(3) with time zone default now() not null
);
alter table "tasks"."task" replica identity full;
alter table "tasks"."task" add constraint "task_pkey" PRIMARY KEY (id);
alter table "tasks"."task" add constraint "task_priority_check_8127049c" CHECK ((priority = ANY (ARRAY['low'::text, 'normal'::text, 'high'::text, 'urgent'::text])));
alter table "tasks"."task" add constraint "task_project_position_key" UNIQUE (project, "position");
alter table "tasks"."task" add constraint "task_series_occurrence_key" UNIQUE (series, occurrence);
alter table "tasks"."task" add constraint "task_status_check_af831f5b" CHECK ((status = ANY (ARRAY['todo'::text, 'doing'::text, 'review'::text, 'done'::text, 'canceled'::text])));
CREATE INDEX "task_assignee_dueAt_id_idx" ON tasks.task USING btree (assignee, "dueAt", id);
CREATE INDEX task_assignee_idx ON tasks.task USING btree (assignee);
CREATE INDEX "task_createdBy_idx" ON tasks.task USING btree ("createdBy");
CREATE INDEX task_parent_idx ON tasks.task USING btree (parent);
CREATE INDEX "task_project_createdAt_id_idx" ON tasks.task USING btree (project, "createdAt", id);
CREATE INDEX "task_project_dueAt_id_idx" ON tasks.task USING btree (project, "dueAt", id);
CREATE INDEX "task_project_priorityRank_id_idx" ON tasks.task USING btree (project, "priorityRank", id);
CREATE INDEX "task_project_statusRank_id_idx" ON tasks.task USING btree (project, "statusRank", id);
CREATE INDEX task_project_status_position_idx ON tasks.task USING btree (project, status, "position");
CREATE INDEX task_project_title_id_idx ON tasks.task USING btree (project, title, id);
CREATE INDEX "task_project_updatedAt_id_idx" ON tasks.task USING btree (project, "updatedAt", id);
CREATE INDEX task_title_notes_search_203a1f77_idx ON tasks.task USING gin (to_tsvector('english'::regconfig, (((COALESCE(title, ''::character varying))::text || ' '::text) || (COALESCE(notes, ''::character varying))::text)));
CREATE TRIGGER "task_updatedAt_touch" BEFORE UPDATE ON tasks.task FOR EACH ROW EXECUTE FUNCTION lineshaft.touch('updatedAt');

create table "tasks"."task_label" (
  "task" uuid not null,
  "label" uuid not null
);
alter table "tasks"."task_label" replica identity full;
alter table "tasks"."task_label" add constraint "task_label_pkey" PRIMARY KEY (task, label);
CREATE INDEX task_label_label_idx ON tasks.task_label USING btree (label);

create table "tasks"."work_log" (
  "id" uuid default lineshaft.uuidv7() not null,
  "task" uuid not null,
  "account" uuid,
  "minutes" integer not null,
  "day" date not null,
  "note" character varying(1000) default '' not null,
  "createdAt" timestamp(3) with time zone default now() not null,
  "updatedAt" timestamp(3) with time zone default now() not null
);
alter table "tasks"."work_log" replica identity full;
alter table "tasks"."work_log" add constraint "work_log_pkey" PRIMARY KEY (id);
CREATE INDEX work_log_account_idx ON tasks.work_log USING btree (account);
CREATE INDEX work_log_task_day_idx ON tasks.work_log USING btree (task, day);
CREATE INDEX work_log_task_id_idx ON tasks.work_log USING btree (task, id);
CREATE INDEX work_log_task_idx ON tasks.work_log USING btree (task);
CREATE TRIGGER "work_log_updatedAt_touch" BEFORE UPDATE ON tasks.work_log FOR EACH ROW EXECUTE FUNCTION lineshaft.touch('updatedAt');

create table "todos"."todo" (
  "id" uuid default lineshaft.uuidv7() not null,
  "title" character varying(500) not null,
  "completed" boolean default false not null,
  "order" integer,
  "createdAt" timestamp(3) with time zone default now() not null
);
alter table "todos"."todo" replica identity full;
alter table "todos"."todo" add constraint "todo_pkey" PRIMARY KEY (id);

alter table "accounts"."credential" add constraint "credential_account_fkey" FOREIGN KEY (account) REFERENCES accounts.account(id) ON DELETE CASCADE;
alter table "accounts"."session" add constraint "session_account_fkey" FOREIGN KEY (account) REFERENCES accounts.account(id) ON DELETE CASCADE;
alter table "accounts"."verification" add constraint "verification_account_fkey" FOREIGN KEY (account) REFERENCES accounts.account(id) ON DELETE CASCADE;
alter table "blog"."article" add constraint "article_author_fkey" FOREIGN KEY (author) REFERENCES blog.profile(account) ON DELETE CASCADE;
alter table "blog"."comment" add constraint "comment_article_fkey" FOREIGN KEY (article) REFERENCES blog.article(id) ON DELETE CASCADE;
alter table "blog"."comment" add constraint "comment_author_fkey" FOREIGN KEY (author) REFERENCES blog.profile(account) ON DELETE CASCADE;
alter table "blog"."favorite" add constraint "favorite_account_fkey" FOREIGN KEY (account) REFERENCES blog.profile(account) ON DELETE CASCADE;
alter table "blog"."favorite" add constraint "favorite_article_fkey" FOREIGN KEY (article) REFERENCES blog.article(id) ON DELETE CASCADE;
alter table "blog"."feed_entry" add constraint "feed_entry_article_fkey" FOREIGN KEY (article) REFERENCES blog.article(id) ON DELETE CASCADE;
alter table "blog"."feed_entry" add constraint "feed_entry_follow_fkey" FOREIGN KEY (follow) REFERENCES blog.follow(id) ON DELETE CASCADE;
alter table "blog"."follow" add constraint "follow_followed_fkey" FOREIGN KEY (followed) REFERENCES blog.profile(account) ON DELETE CASCADE;
alter table "blog"."follow" add constraint "follow_follower_fkey" FOREIGN KEY (follower) REFERENCES blog.profile(account) ON DELETE CASCADE;
alter table "blog"."profile" add constraint "profile_account_fkey" FOREIGN KEY (account) REFERENCES accounts.account(id) ON DELETE CASCADE;
alter table "chat"."act" add constraint "act_account_fkey" FOREIGN KEY (account) REFERENCES accounts.account(id) ON DELETE SET NULL;
alter table "chat"."act" add constraint "act_actor_fkey" FOREIGN KEY (actor) REFERENCES accounts.account(id) ON DELETE SET NULL;
alter table "chat"."act" add constraint "act_room_fkey" FOREIGN KEY (room) REFERENCES chat.room(id) ON DELETE CASCADE;
alter table "chat"."attachment" add constraint "attachment_author_fkey" FOREIGN KEY (author) REFERENCES accounts.account(id) ON DELETE SET NULL;
alter table "chat"."attachment" add constraint "attachment_room_fkey" FOREIGN KEY (room) REFERENCES chat.room(id) ON DELETE CASCADE;
alter table "chat"."ban" add constraint "ban_account_fkey" FOREIGN KEY (account) REFERENCES accounts.account(id) ON DELETE CASCADE;
alter table "chat"."ban" add constraint "ban_bannedBy_fkey" FOREIGN KEY ("bannedBy") REFERENCES accounts.account(id) ON DELETE SET NULL;
alter table "chat"."ban" add constraint "ban_room_fkey" FOREIGN KEY (room) REFERENCES chat.room(id) ON DELETE CASCADE;
alter table "chat"."invitation" add constraint "invitation_account_fkey" FOREIGN KEY (account) REFERENCES accounts.account(id) ON DELETE CASCADE;
alter table "chat"."invitation" add constraint "invitation_invitedBy_fkey" FOREIGN KEY ("invitedBy") REFERENCES accounts.account(id) ON DELETE SET NULL;
alter table "chat"."invitation" add constraint "invitation_room_fkey" FOREIGN KEY (room) REFERENCES chat.room(id) ON DELETE CASCADE;
alter table "chat"."member" add constraint "member_account_fkey" FOREIGN KEY (account) REFERENCES accounts.account(id) ON DELETE CASCADE;
alter table "chat"."member" add constraint "member_room_fkey" FOREIGN KEY (room) REFERENCES chat.room(id) ON DELETE CASCADE;
alter table "chat"."mention" add constraint "mention_account_fkey" FOREIGN KEY (account) REFERENCES accounts.account(id) ON DELETE CASCADE;
alter table "chat"."mention" add constraint "mention_room_fkey" FOREIGN KEY (room) REFERENCES chat.room(id) ON DELETE CASCADE;
alter table "chat"."message" add constraint "message_author_fkey" FOREIGN KEY (author) REFERENCES accounts.account(id) ON DELETE SET NULL;
alter table "chat"."message" add constraint "message_room_fkey" FOREIGN KEY (room) REFERENCES chat.room(id) ON DELETE CASCADE;
alter table "chat"."mute" add constraint "mute_account_fkey" FOREIGN KEY (account) REFERENCES accounts.account(id) ON DELETE CASCADE;
alter table "chat"."mute" add constraint "mute_room_fkey" FOREIGN KEY (room) REFERENCES chat.room(id) ON DELETE CASCADE;
alter table "chat"."reaction" add constraint "reaction_account_fkey" FOREIGN KEY (account) REFERENCES accounts.account(id) ON DELETE CASCADE;
alter table "chat"."reaction" add constraint "reaction_room_fkey" FOREIGN KEY (room) REFERENCES chat.room(id) ON DELETE CASCADE;
alter table "tasks"."activity" add constraint "activity_actor_fkey" FOREIGN KEY (actor) REFERENCES accounts.account(id) ON DELETE SET NULL;
alter table "tasks"."activity" add constraint "activity_project_fkey" FOREIGN KEY (project) REFERENCES tasks.project(id) ON DELETE CASCADE;
alter table "tasks"."comment" add constraint "comment_author_fkey" FOREIGN KEY (author) REFERENCES accounts.account(id) ON DELETE SET NULL;
alter table "tasks"."comment" add constraint "comment_task_fkey" FOREIGN KEY (task) REFERENCES tasks.task(id) ON DELETE CASCADE;
alter table "tasks"."invitation" add constraint "invitation_invitedBy_fkey" FOREIGN KEY ("invitedBy") REFERENCES accounts.account(id) ON DELETE SET NULL;
alter table "tasks"."invitation" add constraint "invitation_project_fkey" FOREIGN KEY (project) REFERENCES tasks.project(id) ON DELETE CASCADE;
alter table "tasks"."label" add constraint "label_project_fkey" FOREIGN KEY (project) REFERENCES tasks.project(id) ON DELETE CASCADE;
alter table "tasks"."member" add constraint "member_account_fkey" FOREIGN KEY (account) REFERENCES accounts.account(id) ON DELETE CASCADE;
alter table "tasks"."member" add constraint "member_project_fkey" FOREIGN KEY (project) REFERENCES tasks.project(id) ON DELETE CASCADE;
alter table "tasks"."notification" add constraint "notification_account_fkey" FOREIGN KEY (account) REFERENCES accounts.account(id) ON DELETE CASCADE;
alter table "tasks"."notification" add constraint "notification_task_fkey" FOREIGN KEY (task) REFERENCES tasks.task(id) ON DELETE CASCADE;
alter table "tasks"."reminder" add constraint "reminder_account_fkey" FOREIGN KEY (account) REFERENCES accounts.account(id) ON DELETE CASCADE;
alter table "tasks"."reminder" add constraint "reminder_task_fkey" FOREIGN KEY (task) REFERENCES tasks.task(id) ON DELETE CASCADE;
alter table "tasks"."series" add constraint "series_project_fkey" FOREIGN KEY (project) REFERENCES tasks.project(id) ON DELETE CASCADE;
alter table "tasks"."task" add constraint "task_assignee_fkey" FOREIGN KEY (assignee) REFERENCES accounts.account(id) ON DELETE SET NULL;
alter table "tasks"."task" add constraint "task_createdBy_fkey" FOREIGN KEY ("createdBy") REFERENCES accounts.account(id) ON DELETE SET NULL;
alter table "tasks"."task" add constraint "task_parent_fkey" FOREIGN KEY (parent) REFERENCES tasks.task(id) ON DELETE CASCADE;
alter table "tasks"."task" add constraint "task_project_fkey" FOREIGN KEY (project) REFERENCES tasks.project(id) ON DELETE CASCADE;
alter table "tasks"."task" add constraint "task_series_fkey" FOREIGN KEY (series) REFERENCES tasks.series(id) ON DELETE SET NULL;
alter table "tasks"."task_label" add constraint "task_label_label_fkey" FOREIGN KEY (label) REFERENCES tasks.label(id) ON DELETE CASCADE;
alter table "tasks"."task_label" add constraint "task_label_task_fkey" FOREIGN KEY (task) REFERENCES tasks.task(id) ON DELETE CASCADE;
alter table "tasks"."work_log" add constraint "work_log_account_fkey" FOREIGN KEY (account) REFERENCES accounts.account(id) ON DELETE SET NULL;
alter table "tasks"."work_log" add constraint "work_log_task_fkey" FOREIGN KEY (task) REFERENCES tasks.task(id) ON DELETE CASCADE;
