-- The schema that the migrations give. Written by Lineshaft at each migration in development; do not edit.

create schema "accounts";

create schema "bench";

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

create table "bench"."author" (
  "id" uuid default lineshaft.uuidv7() not null,
  "name" character varying(80) not null,
  "email" character varying(254) not null
);
alter table "bench"."author" replica identity full;
alter table "bench"."author" add constraint "author_email_key" UNIQUE (email);
alter table "bench"."author" add constraint "author_pkey" PRIMARY KEY (id);

create table "bench"."member" (
  "id" uuid default lineshaft.uuidv7() not null,
  "author" uuid not null,
  "team" uuid not null
);
alter table "bench"."member" replica identity full;
alter table "bench"."member" add constraint "member_author_key" UNIQUE (author);
alter table "bench"."member" add constraint "member_pkey" PRIMARY KEY (id);
CREATE INDEX member_team_idx ON bench.member USING btree (team);

create table "bench"."note" (
  "id" uuid default lineshaft.uuidv7() not null,
  "author" uuid not null,
  "title" character varying(200) not null,
  "body" character varying(2000) not null,
  "done" boolean default false not null,
  "createdAt" timestamp(3) with time zone default now() not null
);
alter table "bench"."note" replica identity full;
alter table "bench"."note" add constraint "note_pkey" PRIMARY KEY (id);
CREATE INDEX note_author_idx ON bench.note USING btree (author);

create table "bench"."team" (
  "id" uuid default lineshaft.uuidv7() not null,
  "name" character varying(80) not null
);
alter table "bench"."team" replica identity full;
alter table "bench"."team" add constraint "team_pkey" PRIMARY KEY (id);

alter table "accounts"."credential" add constraint "credential_account_fkey" FOREIGN KEY (account) REFERENCES accounts.account(id) ON DELETE CASCADE;
alter table "accounts"."session" add constraint "session_account_fkey" FOREIGN KEY (account) REFERENCES accounts.account(id) ON DELETE CASCADE;
alter table "accounts"."verification" add constraint "verification_account_fkey" FOREIGN KEY (account) REFERENCES accounts.account(id) ON DELETE CASCADE;
alter table "bench"."member" add constraint "member_author_fkey" FOREIGN KEY (author) REFERENCES bench.author(id) ON DELETE RESTRICT;
alter table "bench"."member" add constraint "member_team_fkey" FOREIGN KEY (team) REFERENCES bench.team(id) ON DELETE RESTRICT;
alter table "bench"."note" add constraint "note_author_fkey" FOREIGN KEY (author) REFERENCES bench.author(id) ON DELETE RESTRICT;
