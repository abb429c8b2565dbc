-- The schema that the migrations give. Written by Lineshaft at each migration in development; do not edit.

create schema "todos";

create table "todos"."todo" (
  "id" uuid default lineshaft.uuidv7() not null,
  "title" character varying(500) not null,
  "completed" boolean default false not null,
  "order" integer,
  "createdAt" timestamp(3) with time zone default now() not null
);
alter table "todos"."todo" replica identity full;
alter table "todos"."todo" add constraint "todo_pkey" PRIMARY KEY (id);
