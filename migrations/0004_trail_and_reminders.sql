-- 0004_trail_and_reminders: written from the declarations. Review and commit it.
-- Runs in one transaction. Once it is applied anywhere it must not change; a further change is a further file.

-- create-table:tasks.reminder (additive). An entity is declared.
-- Locks: none on existing tables.
create table "tasks"."reminder" (
  "id" uuid default lineshaft.uuidv7() not null,
  "task" uuid not null,
  "account" uuid not null,
  "minutesBefore" integer,
  "at" timestamp(3) with time zone,
  "cameAt" timestamp(3) with time zone,
  constraint "reminder_pkey" primary key ("id")
);
alter table "tasks"."reminder" replica identity full;
create index "reminder_task_idx" on "tasks"."reminder" using btree ("task");
create index "reminder_account_idx" on "tasks"."reminder" using btree ("account");
create index "reminder_account_at_id_idx" on "tasks"."reminder" using btree ("account", "at", "id");

-- create-table:tasks.notification (additive). An entity is declared.
-- Locks: none on existing tables.
create table "tasks"."notification" (
  "id" uuid default lineshaft.uuidv7() not null,
  "account" uuid not null,
  "task" uuid not null,
  "readAt" timestamp(3) with time zone,
  "createdAt" timestamp(3) with time zone default now() not null,
  constraint "notification_pkey" primary key ("id")
);
alter table "tasks"."notification" replica identity full;
create index "notification_account_idx" on "tasks"."notification" using btree ("account");
create index "notification_task_idx" on "tasks"."notification" using btree ("task");
create index "notification_account_createdAt_id_idx" on "tasks"."notification" using btree ("account", "createdAt", "id");
create index "notification_account_52df8488_idx" on "tasks"."notification" using btree ("account") where "readAt" is null;

-- add-column:tasks.series.next (additive). A field is declared.
-- Locks: ACCESS EXCLUSIVE on the table, for an instant.
alter table "tasks"."series" add column "next" text default 'closed' not null;

-- add-column:tasks.series.latest (additive). A field is declared.
-- Locks: ACCESS EXCLUSIVE on the table, for an instant.
alter table "tasks"."series" add column "latest" character varying(16);

-- add-column:tasks.series.comesAt (additive). A field is declared.
-- Locks: ACCESS EXCLUSIVE on the table, for an instant.
alter table "tasks"."series" add column "comesAt" timestamp(3) with time zone;

-- add-column:tasks.activity.position (additive). A field is declared.
-- Locks: ACCESS EXCLUSIVE on the table, for an instant.
alter table "tasks"."activity" add column "position" bigint default 0 not null;

-- add-check:tasks.series.series_next_check_431fe758 (additive). A rule is declared.
-- Locks: ACCESS EXCLUSIVE on the table, for an instant.
alter table "tasks"."series" add constraint "series_next_check_431fe758" check ("next" = any (array['closed', 'due']::text[])) not valid;

-- add-foreign-key:tasks.reminder.reminder_task_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "tasks"."reminder" add constraint "reminder_task_fkey" foreign key ("task") references "tasks"."task" ("id") on delete cascade;

-- add-foreign-key:tasks.reminder.reminder_account_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "tasks"."reminder" add constraint "reminder_account_fkey" foreign key ("account") references "accounts"."account" ("id") on delete cascade;

-- add-foreign-key:tasks.notification.notification_account_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "tasks"."notification" add constraint "notification_account_fkey" foreign key ("account") references "accounts"."account" ("id") on delete cascade;

-- add-foreign-key:tasks.notification.notification_task_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "tasks"."notification" add constraint "notification_task_fkey" foreign key ("task") references "tasks"."task" ("id") on delete cascade;

-- drop-index:tasks.activity.activity_project_id_idx (destructive). No declaration asks for it.
-- Locks: ACCESS EXCLUSIVE on the table, for an instant.
drop index "tasks"."activity_project_id_idx";

-- drop-index:tasks.activity.activity_project_task_id_idx (destructive). No declaration asks for it.
-- Locks: ACCESS EXCLUSIVE on the table, for an instant.
drop index "tasks"."activity_project_task_id_idx";
