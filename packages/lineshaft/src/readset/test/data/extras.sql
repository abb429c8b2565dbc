create unlogged table unl (id int);
create materialized view mv as select 1 as one;
create sequence sq;
create function pl() returns int language plpgsql as 'begin return 1; end';
create function lie(int) returns float8 language sql immutable as 'select random() * $1';
create schema s2;
create table s2.r (id int primary key);
alter table s2.r enable row level security;
create function lower(varchar) returns varchar language sql volatile as 'select $1';
