/** What may be done about a member. */
import { ActionIcon, Menu } from "@mantine/core";
import { Icon } from "lineshaft-web-shared/parts/icons.tsx";
import { tellDone, tellFailed } from "lineshaft-web-shared/parts/notices.tsx";
import { chat, type Member, type Role } from "../client.ts";
import { writeTo } from "../frame/new-direct.tsx";
import { outranks, useRoom } from "../room/room-context.tsx";

const MUTE_MINUTES = [
  [10, "10 minutes"],
  [60, "an hour"],
  [1_440, "a day"],
] as const;
const MINUTE_MS = 60_000;
const ROLES: readonly Role[] = ["member", "moderator", "owner"];

async function attempt(what: string, act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
    tellDone(what);
  } catch (error) {
    tellFailed("That did not work", error);
  }
}

interface Props {
  readonly member: Member;
  readonly isMuted: boolean;
}

export function MemberMenu({ member, isMuted }: Props) {
  const { room, me, role } = useRoom();
  const { account, name } = member;
  const isGroup = room.kind !== "direct";
  const isMe = account === me;
  if (!isGroup) return null;
  const leave = () => attempt(`You have left ${room.name}`, () => chat.removeMember({ room: room.id, account }));
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={isMe ? "Your membership" : `More about ${name}`}>
          <Icon name="more" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown className="tall-menu">
        {isMe ? (
          <Menu.Item leftSection={<Icon name="out" size={16} />} onClick={() => void leave()}>
            Leave the room
          </Menu.Item>
        ) : (
          <Menu.Item leftSection={<Icon name="comment" size={16} />} onClick={() => void writeTo(account)}>
            Write to {name}
          </Menu.Item>
        )}
        {!isMe && outranks(role, member.role) && <Moderate member={member} isMuted={isMuted} />}
        {role === "owner" && <Roles member={member} />}
      </Menu.Dropdown>
    </Menu>
  );
}

function Moderate({ member: { account, name }, isMuted }: Props) {
  const { room } = useRoom();
  const at = { room: room.id, account };
  const mute = (minutes: number) => {
    const until = new Date(Date.now() + minutes * MINUTE_MS).toISOString();
    return attempt(`${name} is muted`, () => chat.mute({ ...at, until }));
  };
  return (
    <>
      <Menu.Divider />
      {isMuted ? (
        <Menu.Item onClick={() => void attempt(`${name} may write again`, () => chat.unmute(at))}>
          Let write again
        </Menu.Item>
      ) : (
        MUTE_MINUTES.map(([minutes, words]) => (
          <Menu.Item key={minutes} onClick={() => void mute(minutes)}>
            Mute for {words}
          </Menu.Item>
        ))
      )}
      <Menu.Item onClick={() => void attempt(`${name} is no longer a member`, () => chat.removeMember(at))}>
        Put out of the room
      </Menu.Item>
      <Menu.Item className="danger" onClick={() => void attempt(`${name} is banned`, () => chat.ban(at))}>
        Ban from the room
      </Menu.Item>
    </>
  );
}

function Roles({ member: { account, name, role } }: { readonly member: Member }) {
  const { room } = useRoom();
  const become = (next: Role) =>
    attempt(`${name} is now ${next}`, () => chat.changeMember({ room: room.id, account, role: next }));
  return (
    <>
      <Menu.Divider />
      {ROLES.filter((each) => each !== role).map((each) => (
        <Menu.Item key={each} onClick={() => void become(each)}>
          Make {each}
        </Menu.Item>
      ))}
    </>
  );
}
