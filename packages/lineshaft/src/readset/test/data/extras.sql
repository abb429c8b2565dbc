create unlogged table unl (id int);
create materialized view mv as select 1 as one;
create sequence sq;
create function pl() returns int language plpgsql as 'begin return 1; end';
create function lie(int) returns float8 language sql immutable as 'select random() * $1';
create schema s2;
create table s2.r (id int primary key);
alter table s2.r enable row level security;
create policy own on s2.r using (id = current_setting('app.actor')::int);
create table s2.member (account int, team int, primary key (account, team));
create table s2.banned (account int primary key);
create table s2.doc (id int primary key, owner int, team int, title text);
alter table s2.doc enable row level security;
create policy own on s2.doc using (owner = current_setting('app.account')::int);
create policy team on s2.doc using (exists (select from s2.member m where m.team = doc.team
  and m.account = (select current_setting('app.account', true))::int));
create policy banned on s2.doc as restrictive using (not exists (select from s2.banned b
  where b.account = current_setting('app.account')::int));
create policy others on s2.doc to postgres using (title = 'for the owner');
create policy writes on s2.doc for update using (title = 'for writes');
create table s2.note (id int primary key, team int, title text);
alter table s2.note enable row level security;
create policy team on s2.note for select
  using (team = any (array(select team from s2.member where account = current_setting('app.account')::int)));
create table s2.reply (id int primary key, note int);
alter table s2.reply enable row level security;
create policy seen on s2.reply using (note in (select id from s2.note));
create table s2.closed (id int primary key);
alter table s2.closed enable row level security;
create view s2.all_notes as select id, team, title from s2.note;
create view s2.all_joined as select n.id, n.title from s2.note n join b on b.id = n.id;
create view s2.own_notes with (security_invoker = on) as select id, team, title from s2.note;
create function s2.count_all(text) returns bigint language sql stable security definer
  as 'select count(*) from s2.note where title = $1';
create function s2.count_own(text) returns bigint language sql stable
  as 'select count(*) from s2.note where title = $1';
create function lower(varchar) returns varchar language sql volatile as 'select $1';
