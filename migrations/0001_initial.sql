-- 0001_initial: written from the declarations. Review and commit it.
-- Runs in one transaction. Once it is applied anywhere it must not change; a further change is a further file.

-- create-schema:todos (additive). A service is declared.
-- Locks: none on existing tables.
create schema "todos";

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
