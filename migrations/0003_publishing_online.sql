-- lineshaft: no-transaction
-- 0003_publishing_online: written from the declarations. Review and commit it.
-- Each statement runs by itself, beside reads and writes, and must stay repeatable.

-- validate:blog.article.article_status_check_711839e2 (additive). Reads the rows that are there.
-- Locks: SHARE UPDATE EXCLUSIVE on the table: reads and writes go on.
alter table "blog"."article" validate constraint "article_status_check_711839e2";

-- add-unique:blog.follow.follow_follower_followed_key (additive). Values must be unique. Fails when two rows are equal.
-- Locks: SHARE UPDATE EXCLUSIVE on the table: reads and writes go on.
create unique index concurrently if not exists "follow_follower_followed_key" on "blog"."follow" ("follower", "followed");
do $lineshaft$ begin
  if not exists (select from pg_catalog.pg_constraint where conrelid = '"blog"."follow"'::pg_catalog.regclass and conname = 'follow_follower_followed_key') then
    alter table "blog"."follow" add constraint "follow_follower_followed_key" unique using index "follow_follower_followed_key";
  end if;
end $lineshaft$;

-- add-index:blog.article.article_publishAt_07ec58b7_idx (additive). An index is declared.
-- Locks: SHARE UPDATE EXCLUSIVE on the table: reads and writes go on.
create index concurrently if not exists "article_publishAt_07ec58b7_idx" on "blog"."article" using btree ("publishAt") where "status" = 'scheduled';
