-- 0001_initial: written from the declarations. Review and commit it.
-- Runs in one transaction. Once it is applied anywhere it must not change; a further change is a further file.

-- create-schema:bench (additive). A service is declared.
-- Locks: none on existing tables.
create schema "bench";

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

-- create-table:bench.entry (additive). An entity is declared.
-- Locks: none on existing tables.
create table "bench"."entry" (
  "id" uuid default lineshaft.uuidv7() not null,
  "author" uuid not null,
  "title" character varying(200) not null,
  "body" character varying(2000) not null,
  "createdAt" timestamp(3) with time zone default now() not null,
  constraint "entry_pkey" primary key ("id")
);
alter table "bench"."entry" replica identity full;
create index "entry_author_idx" on "bench"."entry" using btree ("author");

-- add-foreign-key:bench.note.note_author_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "bench"."note" add constraint "note_author_fkey" foreign key ("author") references "bench"."author" ("id") on delete restrict;

-- add-foreign-key:bench.entry.entry_author_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "bench"."entry" add constraint "entry_author_fkey" foreign key ("author") references "bench"."author" ("id") on delete restrict;
