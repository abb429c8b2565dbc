-- The schema that the migrations give. Written by Lineshaft at each migration in development; do not edit.

create schema "accounts";

create schema "blog";

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
alter table "blog"."article" add constraint "article_status_check_241c027c" CHECK ((status = ANY (ARRAY['draft'::text, 'published'::text])));
CREATE INDEX article_author_idx ON blog.article USING btree (author);
CREATE INDEX "article_author_publishAt_id_idx" ON blog.article USING btree (author, "publishAt", id);
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

create table "blog"."follow" (
  "follower" uuid not null,
  "followed" uuid not null
);
alter table "blog"."follow" replica identity full;
alter table "blog"."follow" add constraint "follow_pkey" PRIMARY KEY (follower, followed);
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
alter table "blog"."follow" add constraint "follow_followed_fkey" FOREIGN KEY (followed) REFERENCES blog.profile(account) ON DELETE CASCADE;
alter table "blog"."follow" add constraint "follow_follower_fkey" FOREIGN KEY (follower) REFERENCES blog.profile(account) ON DELETE CASCADE;
alter table "blog"."profile" add constraint "profile_account_fkey" FOREIGN KEY (account) REFERENCES accounts.account(id) ON DELETE CASCADE;
