-- 0001_initial: written from the declarations. Review and commit it.
-- Runs in one transaction. Once it is applied anywhere it must not change; a further change is a further file.

-- create-schema:accounts (additive). A service is declared.
-- Locks: none on existing tables.
create schema "accounts";

-- create-schema:bench (additive). A service is declared.
-- Locks: none on existing tables.
create schema "bench";

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

-- create-table:bench.author (additive). An entity is declared.
-- Locks: none on existing tables.
create table "bench"."author" (
  "id" uuid default lineshaft.uuidv7() not null,
  "name" character varying(80) not null,
  "email" character varying(254) not null,
  constraint "author_pkey" primary key ("id"),
  constraint "author_email_key" unique ("email")
);
alter table "bench"."author" replica identity full;

-- create-table:bench.note (additive). An entity is declared.
-- Locks: none on existing tables.
create table "bench"."note" (
  "id" uuid default lineshaft.uuidv7() not null,
  "author" uuid not null,
  "title" character varying(200) not null,
  "body" character varying(2000) not null,
  "done" boolean default false not null,
  "createdAt" timestamp(3) with time zone default now() not null,
  constraint "note_pkey" primary key ("id")
);
alter table "bench"."note" replica identity full;
create index "note_author_idx" on "bench"."note" using btree ("author");

-- create-table:bench.team (additive). An entity is declared.
-- Locks: none on existing tables.
create table "bench"."team" (
  "id" uuid default lineshaft.uuidv7() not null,
  "name" character varying(80) not null,
  constraint "team_pkey" primary key ("id")
);
alter table "bench"."team" replica identity full;

-- create-table:bench.member (additive). An entity is declared.
-- Locks: none on existing tables.
create table "bench"."member" (
  "id" uuid default lineshaft.uuidv7() not null,
  "author" uuid not null,
  "team" uuid not null,
  constraint "member_pkey" primary key ("id"),
  constraint "member_author_key" unique ("author")
);
alter table "bench"."member" replica identity full;
create index "member_team_idx" on "bench"."member" using btree ("team");

-- add-foreign-key:accounts.credential.credential_account_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "accounts"."credential" add constraint "credential_account_fkey" foreign key ("account") references "accounts"."account" ("id") on delete cascade;

-- add-foreign-key:accounts.session.session_account_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "accounts"."session" add constraint "session_account_fkey" foreign key ("account") references "accounts"."account" ("id") on delete cascade;

-- add-foreign-key:accounts.verification.verification_account_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "accounts"."verification" add constraint "verification_account_fkey" foreign key ("account") references "accounts"."account" ("id") on delete cascade;

-- add-foreign-key:bench.note.note_author_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "bench"."note" add constraint "note_author_fkey" foreign key ("author") references "bench"."author" ("id") on delete restrict;

-- add-foreign-key:bench.member.member_author_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "bench"."member" add constraint "member_author_fkey" foreign key ("author") references "bench"."author" ("id") on delete restrict;

-- add-foreign-key:bench.member.member_team_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "bench"."member" add constraint "member_team_fkey" foreign key ("team") references "bench"."team" ("id") on delete restrict;
