-- 0001_initial: written from the declarations. Review and commit it.
-- Runs in one transaction. Once it is applied anywhere it must not change; a further change is a further file.

-- create-schema:counters (additive). A service is declared.
-- Locks: none on existing tables.
create schema "counters";

-- create-table:counters.counter (additive). An entity is declared.
-- Locks: none on existing tables.
create table "counters"."counter" (
  "number" integer not null,
  "value" integer default 0 not null,
  constraint "counter_pkey" primary key ("number")
);
alter table "counters"."counter" replica identity full;
