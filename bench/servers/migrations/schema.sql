-- The schema that the migrations give. Written by Lineshaft at each migration in development; do not edit.

create schema "bench";

create table "bench"."author" (
  "id" uuid default lineshaft.uuidv7() not null,
  "name" character varying(80) not null,
  "email" character varying(254) not null
);
alter table "bench"."author" replica identity full;
alter table "bench"."author" add constraint "author_email_key" UNIQUE (email);
alter table "bench"."author" add constraint "author_pkey" PRIMARY KEY (id);

create table "bench"."entry" (
  "id" uuid default lineshaft.uuidv7() not null,
  "author" uuid not null,
  "title" character varying(200) not null,
  "body" character varying(2000) not null,
  "createdAt" timestamp(3) with time zone default now() not null
);
alter table "bench"."entry" replica identity full;
alter table "bench"."entry" add constraint "entry_pkey" PRIMARY KEY (id);
CREATE INDEX entry_author_idx ON bench.entry USING btree (author);

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

alter table "bench"."entry" add constraint "entry_author_fkey" FOREIGN KEY (author) REFERENCES bench.author(id) ON DELETE RESTRICT;
alter table "bench"."note" add constraint "note_author_fkey" FOREIGN KEY (author) REFERENCES bench.author(id) ON DELETE RESTRICT;
