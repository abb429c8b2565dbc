-- 0002_publishing: written from the declarations. Review and commit it.
-- Runs in one transaction. Once it is applied anywhere it must not change; a further change is a further file.

-- create-table:blog.feed_entry (additive). An entity is declared.
-- Locks: none on existing tables.
create table "blog"."feed_entry" (
  "follow" uuid not null,
  "article" uuid not null,
  constraint "feed_entry_pkey" primary key ("follow", "article")
);
alter table "blog"."feed_entry" replica identity full;
create index "feed_entry_article_idx" on "blog"."feed_entry" using btree ("article");

-- drop-check:blog.article.article_status_check_241c027c (additive). A check of the declarations before; it would refuse what is declared now.
-- Locks: ACCESS EXCLUSIVE on the table, for an instant.
alter table "blog"."article" drop constraint if exists "article_status_check_241c027c";

-- add-column:blog.follow.id (additive). A field is declared.
-- Locks: ACCESS EXCLUSIVE on the table while it is written anew.
alter table "blog"."follow" add column "id" uuid default lineshaft.uuidv7() not null;

-- add-check:blog.article.article_status_check_711839e2 (additive). A rule is declared.
-- Locks: ACCESS EXCLUSIVE on the table, for an instant.
alter table "blog"."article" add constraint "article_status_check_711839e2" check ("status" = any (array['draft', 'scheduled', 'published']::text[])) not valid;

-- change-primary-key:blog.follow (destructive). The primary key differs. Fails on rows that are equal in it, and while others refer to the old one.
-- Locks: ACCESS EXCLUSIVE on the table while all its rows are read.
alter table "blog"."follow" drop constraint if exists "follow_pkey";
alter table "blog"."follow" add constraint "follow_pkey" primary key ("id");

-- add-foreign-key:blog.feed_entry.feed_entry_follow_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "blog"."feed_entry" add constraint "feed_entry_follow_fkey" foreign key ("follow") references "blog"."follow" ("id") on delete cascade;

-- add-foreign-key:blog.feed_entry.feed_entry_article_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "blog"."feed_entry" add constraint "feed_entry_article_fkey" foreign key ("article") references "blog"."article" ("id") on delete cascade;

-- Written by hand. Articles that wait for their time are scheduled now; no run waits for them, so the hourly look for
-- what is overdue publishes them. What readers saw in their feeds stays there.
update "blog"."article" set "status" = 'scheduled' where "status" = 'published' and "publishAt" > now();
insert into "blog"."feed_entry" ("follow", "article")
  select "follow"."id", "article"."id" from "blog"."follow" join "blog"."article" on "article"."author" = "follow"."followed"
  where "article"."status" = 'published';
