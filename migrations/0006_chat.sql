-- 0006_chat: written from the declarations. Review and commit it.
-- Runs in one transaction. Once it is applied anywhere it must not change; a further change is a further file.

-- create-schema:chat (additive). A service is declared.
-- Locks: none on existing tables.
create schema "chat";

-- create-table:chat.room (additive). An entity is declared.
-- Locks: none on existing tables.
create table "chat"."room" (
  "id" uuid default lineshaft.uuidv7() not null,
  "kind" text not null,
  "name" character varying(80),
  "topic" character varying(500) default '' not null,
  "pair" character varying(73),
  "slowSeconds" integer default 0 not null,
  "lastNumber" integer default 0 not null,
  "lastMessageAt" timestamp(3) with time zone,
  "archivedAt" timestamp(3) with time zone,
  "createdAt" timestamp(3) with time zone default now() not null,
  constraint "room_pkey" primary key ("id"),
  constraint "room_pair_key" unique ("pair"),
  constraint "room_kind_check_502139ce" check ("kind" = any (array['public', 'private', 'direct']::text[]))
);
alter table "chat"."room" replica identity full;
create index "room_name_id_0cffe0f1_idx" on "chat"."room" using btree ("name", "id") where "kind" = 'public';

-- create-table:chat.member (additive). An entity is declared.
-- Locks: none on existing tables.
create table "chat"."member" (
  "room" uuid not null,
  "account" uuid not null,
  "role" text default 'member' not null,
  "readNumber" integer default 0 not null,
  "postedAt" timestamp(3) with time zone,
  "createdAt" timestamp(3) with time zone default now() not null,
  constraint "member_pkey" primary key ("room", "account"),
  constraint "member_role_check_77e23e01" check ("role" = any (array['member', 'moderator', 'owner']::text[]))
);
alter table "chat"."member" replica identity full;
create index "member_account_idx" on "chat"."member" using btree ("account");

-- create-table:chat.invitation (additive). An entity is declared.
-- Locks: none on existing tables.
create table "chat"."invitation" (
  "room" uuid not null,
  "account" uuid not null,
  "invitedBy" uuid,
  "createdAt" timestamp(3) with time zone default now() not null,
  constraint "invitation_pkey" primary key ("room", "account")
);
alter table "chat"."invitation" replica identity full;
create index "invitation_account_idx" on "chat"."invitation" using btree ("account");
create index "invitation_invitedBy_idx" on "chat"."invitation" using btree ("invitedBy");

-- create-table:chat.mute (additive). An entity is declared.
-- Locks: none on existing tables.
create table "chat"."mute" (
  "room" uuid not null,
  "account" uuid not null,
  "until" timestamp(3) with time zone not null,
  constraint "mute_pkey" primary key ("room", "account")
);
alter table "chat"."mute" replica identity full;
create index "mute_account_idx" on "chat"."mute" using btree ("account");

-- create-table:chat.ban (additive). An entity is declared.
-- Locks: none on existing tables.
create table "chat"."ban" (
  "room" uuid not null,
  "account" uuid not null,
  "reason" character varying(500) default '' not null,
  "bannedBy" uuid,
  "createdAt" timestamp(3) with time zone default now() not null,
  constraint "ban_pkey" primary key ("room", "account")
);
alter table "chat"."ban" replica identity full;
create index "ban_account_idx" on "chat"."ban" using btree ("account");
create index "ban_bannedBy_idx" on "chat"."ban" using btree ("bannedBy");

-- create-table:chat.message (additive). An entity is declared.
-- Locks: none on existing tables.
create table "chat"."message" (
  "id" uuid default lineshaft.uuidv7() not null,
  "room" uuid not null,
  "number" integer not null,
  "author" uuid,
  "clientId" character varying(36) not null,
  "text" character varying(4000) not null,
  "replyTo" integer,
  "thread" integer,
  "replyCount" integer default 0 not null,
  "lastReply" integer,
  "lastReplyAt" timestamp(3) with time zone,
  "editedAt" timestamp(3) with time zone,
  "deletedAt" timestamp(3) with time zone,
  "createdAt" timestamp(3) with time zone not null,
  constraint "message_pkey" primary key ("id"),
  constraint "message_room_number_key" unique ("room", "number"),
  constraint "message_room_author_clientId_key" unique ("room", "author", "clientId")
);
alter table "chat"."message" replica identity full;
create index "message_author_idx" on "chat"."message" using btree ("author");
create index "message_room_thread_number_017e1801_idx" on "chat"."message" using btree ("room", "thread", "number") where "thread" is not null;
create index "message_text_search_24bb9614_idx" on "chat"."message" using gin ((to_tsvector('simple'::regconfig, coalesce("text", ''))));

-- create-table:chat.reaction (additive). An entity is declared.
-- Locks: none on existing tables.
create table "chat"."reaction" (
  "room" uuid not null,
  "number" integer not null,
  "emoji" character varying(32) not null,
  "account" uuid not null,
  "createdAt" timestamp(3) with time zone default now() not null,
  constraint "reaction_pkey" primary key ("room", "number", "emoji", "account")
);
alter table "chat"."reaction" replica identity full;
create index "reaction_account_idx" on "chat"."reaction" using btree ("account");

-- create-table:chat.mention (additive). An entity is declared.
-- Locks: none on existing tables.
create table "chat"."mention" (
  "room" uuid not null,
  "number" integer not null,
  "account" uuid not null,
  constraint "mention_pkey" primary key ("room", "number", "account")
);
alter table "chat"."mention" replica identity full;
create index "mention_account_idx" on "chat"."mention" using btree ("account");
create index "mention_account_room_number_idx" on "chat"."mention" using btree ("account", "room", "number");

-- create-table:chat.attachment (additive). An entity is declared.
-- Locks: none on existing tables.
create table "chat"."attachment" (
  "id" uuid default lineshaft.uuidv7() not null,
  "room" uuid not null,
  "number" integer,
  "author" uuid,
  "key" character varying(200) not null,
  "name" character varying(200) not null,
  "type" character varying(200) not null,
  "size" integer not null,
  "createdAt" timestamp(3) with time zone not null,
  constraint "attachment_pkey" primary key ("id"),
  constraint "attachment_key_key" unique ("key")
);
alter table "chat"."attachment" replica identity full;
create index "attachment_room_idx" on "chat"."attachment" using btree ("room");
create index "attachment_author_idx" on "chat"."attachment" using btree ("author");
create index "attachment_room_number_idx" on "chat"."attachment" using btree ("room", "number");
create index "attachment_createdAt_0bdb2511_idx" on "chat"."attachment" using btree ("createdAt") where "number" is null;

-- create-table:chat.act (additive). An entity is declared.
-- Locks: none on existing tables.
create table "chat"."act" (
  "id" uuid default lineshaft.uuidv7() not null,
  "room" uuid not null,
  "actor" uuid,
  "act" text not null,
  "account" uuid,
  "number" integer,
  "until" timestamp(3) with time zone,
  "role" text,
  "reason" character varying(500) default '' not null,
  "createdAt" timestamp(3) with time zone default now() not null,
  constraint "act_pkey" primary key ("id"),
  constraint "act_act_check_b760d84c" check ("act" = any (array['kick', 'mute', 'unmute', 'ban', 'unban', 'delete', 'role']::text[])),
  constraint "act_role_check_77e23e01" check ("role" = any (array['member', 'moderator', 'owner']::text[]))
);
alter table "chat"."act" replica identity full;
create index "act_room_idx" on "chat"."act" using btree ("room");
create index "act_actor_idx" on "chat"."act" using btree ("actor");
create index "act_account_idx" on "chat"."act" using btree ("account");
create index "act_room_id_idx" on "chat"."act" using btree ("room", "id");

-- add-foreign-key:chat.member.member_room_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "chat"."member" add constraint "member_room_fkey" foreign key ("room") references "chat"."room" ("id") on delete cascade;

-- add-foreign-key:chat.member.member_account_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "chat"."member" add constraint "member_account_fkey" foreign key ("account") references "accounts"."account" ("id") on delete cascade;

-- add-foreign-key:chat.invitation.invitation_room_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "chat"."invitation" add constraint "invitation_room_fkey" foreign key ("room") references "chat"."room" ("id") on delete cascade;

-- add-foreign-key:chat.invitation.invitation_account_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "chat"."invitation" add constraint "invitation_account_fkey" foreign key ("account") references "accounts"."account" ("id") on delete cascade;

-- add-foreign-key:chat.invitation.invitation_invitedBy_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "chat"."invitation" add constraint "invitation_invitedBy_fkey" foreign key ("invitedBy") references "accounts"."account" ("id") on delete set null;

-- add-foreign-key:chat.mute.mute_room_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "chat"."mute" add constraint "mute_room_fkey" foreign key ("room") references "chat"."room" ("id") on delete cascade;

-- add-foreign-key:chat.mute.mute_account_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "chat"."mute" add constraint "mute_account_fkey" foreign key ("account") references "accounts"."account" ("id") on delete cascade;

-- add-foreign-key:chat.ban.ban_room_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "chat"."ban" add constraint "ban_room_fkey" foreign key ("room") references "chat"."room" ("id") on delete cascade;

-- add-foreign-key:chat.ban.ban_account_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "chat"."ban" add constraint "ban_account_fkey" foreign key ("account") references "accounts"."account" ("id") on delete cascade;

-- add-foreign-key:chat.ban.ban_bannedBy_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "chat"."ban" add constraint "ban_bannedBy_fkey" foreign key ("bannedBy") references "accounts"."account" ("id") on delete set null;

-- add-foreign-key:chat.message.message_room_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "chat"."message" add constraint "message_room_fkey" foreign key ("room") references "chat"."room" ("id") on delete cascade;

-- add-foreign-key:chat.message.message_author_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "chat"."message" add constraint "message_author_fkey" foreign key ("author") references "accounts"."account" ("id") on delete set null;

-- add-foreign-key:chat.reaction.reaction_room_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "chat"."reaction" add constraint "reaction_room_fkey" foreign key ("room") references "chat"."room" ("id") on delete cascade;

-- add-foreign-key:chat.reaction.reaction_account_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "chat"."reaction" add constraint "reaction_account_fkey" foreign key ("account") references "accounts"."account" ("id") on delete cascade;

-- add-foreign-key:chat.mention.mention_room_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "chat"."mention" add constraint "mention_room_fkey" foreign key ("room") references "chat"."room" ("id") on delete cascade;

-- add-foreign-key:chat.mention.mention_account_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "chat"."mention" add constraint "mention_account_fkey" foreign key ("account") references "accounts"."account" ("id") on delete cascade;

-- add-foreign-key:chat.attachment.attachment_room_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "chat"."attachment" add constraint "attachment_room_fkey" foreign key ("room") references "chat"."room" ("id") on delete cascade;

-- add-foreign-key:chat.attachment.attachment_author_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "chat"."attachment" add constraint "attachment_author_fkey" foreign key ("author") references "accounts"."account" ("id") on delete set null;

-- add-foreign-key:chat.act.act_room_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "chat"."act" add constraint "act_room_fkey" foreign key ("room") references "chat"."room" ("id") on delete cascade;

-- add-foreign-key:chat.act.act_actor_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "chat"."act" add constraint "act_actor_fkey" foreign key ("actor") references "accounts"."account" ("id") on delete set null;

-- add-foreign-key:chat.act.act_account_fkey (additive). A reference is declared.
-- Locks: SHARE ROW EXCLUSIVE on both tables, for an instant.
alter table "chat"."act" add constraint "act_account_fkey" foreign key ("account") references "accounts"."account" ("id") on delete set null;
