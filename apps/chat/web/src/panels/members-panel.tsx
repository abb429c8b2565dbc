/** Who is in the room, who is there now, and what may be done about it. */
import { usePages } from "@lineshaft/client/react";
import { Badge, Button, Modal, Text, TextInput } from "@mantine/core";
import { Icon } from "lineshaft-web-shared/parts/icons.tsx";
import { tellDone, tellFailed } from "lineshaft-web-shared/parts/notices.tsx";
import { Face } from "lineshaft-web-shared/parts/people.tsx";
import { useState } from "react";
import { chat, type Member } from "../client.ts";
import { PeopleList } from "../frame/people-list.tsx";
import type { Status } from "../room/presence.ts";
import { outranks, usePresenceHere, useRoom } from "../room/room-context.tsx";
import { MemberMenu } from "./member-menu.tsx";

/** A longer list can be searched. */
const MEMBERS_MANY = 12;
const WORDS = { here: "here", away: "away", gone: "not here" } as const;
const ORDER = ["here", "away", "gone"];

export function MembersPanel() {
  const { room, members, role } = useRoom();
  const { present } = usePresenceHere();
  const [sought, setSought] = useState("");
  const statusOf = ({ account }: Member) => present.get(account) ?? "gone";
  const shown = members
    .filter(({ name }) => name.toLowerCase().includes(sought.trim().toLowerCase()))
    .toSorted(
      (one, other) =>
        ORDER.indexOf(statusOf(one)) - ORDER.indexOf(statusOf(other)) || one.name.localeCompare(other.name),
    );
  const muted = useMuted();
  return (
    <div className="panel-body">
      {room.kind !== "direct" && outranks(role, "member") && room.archivedAt === null && <Invite />}
      {members.length > MEMBERS_MANY && (
        <TextInput
          aria-label="Find a member"
          placeholder="Find a member"
          value={sought}
          onChange={(event) => setSought(event.currentTarget.value)}
        />
      )}
      <ul className="plain people">
        {shown.map((member) => (
          <MemberRow
            key={member.account}
            member={member}
            status={statusOf(member)}
            isMuted={muted.has(member.account)}
          />
        ))}
      </ul>
      {room.kind !== "direct" && outranks(role, "member") && <Banned />}
    </div>
  );
}

/** Who is muted, for those who may know. */
function useMuted(): ReadonlySet<string> {
  const { room, role } = useRoom();
  const asked = room.kind !== "direct" && outranks(role, "member") ? { room: room.id } : null;
  const { data } = usePages(chat.mutes, asked);
  const now = new Date();
  return new Set(data?.items.filter(({ until }) => new Date(until) > now).map(({ account }) => account));
}

interface RowProps {
  readonly member: Member;
  readonly status: Status | "gone";
  readonly isMuted: boolean;
}

function MemberRow({ member, status, isMuted }: RowProps) {
  const { me } = useRoom();
  const { account, name, role } = member;
  return (
    <li className="person">
      <span className="presence" data-status={status}>
        <Face person={{ id: account, name }} size={34} />
      </span>
      <span className="person-words">
        <Text fw={600} size="sm" truncate>
          {name} {account === me && "(you)"}
        </Text>
        <Text c="dimmed" size="xs">
          {WORDS[status]}
          {isMuted && " · muted"}
        </Text>
      </span>
      {role !== "member" && (
        <Badge variant="default" tt="none" fw={500}>
          {role}
        </Badge>
      )}
      <MemberMenu member={member} isMuted={isMuted} />
    </li>
  );
}

function Invite() {
  const { room } = useRoom();
  const [isOpen, setOpen] = useState(false);
  const close = () => setOpen(false);
  const invite = async (account: string, name: string) => {
    close();
    try {
      await chat.invite({ room: room.id, account });
      tellDone(`${name} is invited`);
    } catch (error) {
      tellFailed(`${name} could not be invited`, error);
    }
  };
  return (
    <>
      <Button variant="default" leftSection={<Icon name="plus" />} onClick={() => setOpen(true)}>
        Invite somebody
      </Button>
      <Modal opened={isOpen} onClose={close} title="Invite" closeButtonProps={{ "aria-label": "Close" }}>
        <PeopleList verb="Invite" onPick={({ id, name }) => void invite(id, name)} />
      </Modal>
    </>
  );
}

function Banned() {
  const { room } = useRoom();
  const { data } = usePages(chat.bans, { room: room.id });
  if (!data || data.items.length === 0) return null;
  const lift = async (account: string) => {
    try {
      await chat.unban({ room: room.id, account });
    } catch (error) {
      tellFailed("The ban could not be lifted", error);
    }
  };
  return (
    <section aria-label="Banned">
      <h3 className="panel-title">Banned</h3>
      <ul className="plain people">
        {data.items.map(({ account, reason, bannedBy }) => (
          <li key={account} className="person">
            <span className="person-words">
              <Text size="sm">{reason || "No reason was given"}</Text>
              <Text c="dimmed" size="xs">
                by {bannedBy?.name ?? "somebody"}
              </Text>
            </span>
            <Button size="compact-xs" variant="default" onClick={() => void lift(account)}>
              Lift the ban
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
