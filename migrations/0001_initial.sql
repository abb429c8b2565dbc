-- 0001_initial: written from the declarations. Review and commit it.
-- Runs in one transaction. Once it is applied anywhere it must not change; a further change is a further file.

-- create-schema:accounts (additive). A service is declared.
-- Locks: none on existing tables.
create schema "accounts";

-- create-schema:blog (additive). A service is declared.
-- Locks: none on existing tables.
create schema "blog";

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
