-- lineshaft: no-transaction
-- 0005_trail_and_reminders_online: written from the declarations. Review and commit it.
-- Each statement runs by itself, beside reads and writes, and must stay repeatable.

-- validate:tasks.series.series_next_check_431fe758 (additive). Reads the rows that are there.
-- Locks: SHARE UPDATE EXCLUSIVE on the table: reads and writes go on.
alter table "tasks"."series" validate constraint "series_next_check_431fe758";

-- add-index:tasks.series.series_comesAt_2355f805_idx (additive). An index is declared.
-- Locks: SHARE UPDATE EXCLUSIVE on the table: reads and writes go on.
create index concurrently if not exists "series_comesAt_2355f805_idx" on "tasks"."series" using btree ("comesAt") where "comesAt" is not null;

-- add-index:tasks.activity.activity_project_position_id_idx (additive). An index is declared.
-- Locks: SHARE UPDATE EXCLUSIVE on the table: reads and writes go on.
create index concurrently if not exists "activity_project_position_id_idx" on "tasks"."activity" using btree ("project", "position", "id");

-- add-index:tasks.activity.activity_project_task_position_id_idx (additive). An index is declared.
-- Locks: SHARE UPDATE EXCLUSIVE on the table: reads and writes go on.
create index concurrently if not exists "activity_project_task_position_id_idx" on "tasks"."activity" using btree ("project", "task", "position", "id");
