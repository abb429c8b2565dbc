/** Who is in a project, in which role; owners invite, change and take out. */

import type { Guess, Problem } from "@lineshaft/client";
import { useQuery } from "@lineshaft/client/react";
import { ActionIcon, Badge, Button, Modal, Select, Text, TextInput } from "@mantine/core";
import { useSession } from "lineshaft-web-shared/account/session.tsx";
import { Failure } from "lineshaft-web-shared/parts/failure.tsx";
import { Icon } from "lineshaft-web-shared/parts/icons.tsx";
import { tellDone, tellFailed } from "lineshaft-web-shared/parts/notices.tsx";
import { Face } from "lineshaft-web-shared/parts/people.tsx";
import { asProblem, fieldError } from "lineshaft-web-shared/parts/problem.ts";
import { type FormEvent, useState } from "react";
import { type Member, type OpenInvitation, type Role, tasks } from "../client.ts";
import { go } from "../route.ts";
import { useProject } from "./project-context.tsx";

const ROLES = [
  { value: "viewer", label: "Viewer" },
  { value: "editor", label: "Editor" },
  { value: "owner", label: "Owner" },
];

export function MembersDialog({ isOpen, onClose }: { readonly isOpen: boolean; readonly onClose: () => void }) {
  const { project, members } = useProject();
  return (
    <Modal opened={isOpen} onClose={onClose} title="Members" size="lg" closeButtonProps={{ "aria-label": "Close" }}>
      {project.role === "owner" && <Invite />}
      <ul className="plain people">
        {members.map((member) => (
          <MemberRow key={member.account} member={member} />
        ))}
      </ul>
    </Modal>
  );
}

function MemberRow({ member }: { readonly member: Member }) {
  const { project } = useProject();
  const { state } = useSession();
  const { account, name, email, role } = member;
  const isMe = state.is === "in" && state.account.id === account;
  const isOwner = project.role === "owner";
  const change = async (next: Role) => {
    try {
      await tasks.changeMember(
        { project: project.id, account, role: next },
        { optimistic: [shownIn(project.id, account, next)] },
      );
    } catch (error) {
      tellFailed("The role could not be changed", error);
    }
  };
  const remove = async () => {
    try {
      await tasks.removeMember({ project: project.id, account });
      tellDone(isMe ? `You have left ${project.name}` : `${name} is no longer a member`);
      if (isMe) go({ at: "projects" });
    } catch (error) {
      tellFailed(isMe ? "You cannot leave" : `${name} could not be taken out`, error);
    }
  };
  return (
    <li className="person">
      <Face person={{ id: account, name }} size={36} />
      <span className="person-words">
        <Text fw={600} size="sm" truncate>
          {name} {isMe && "(you)"}
        </Text>
        <Text c="dimmed" size="xs" truncate>
          {email}
        </Text>
      </span>
      {isOwner ? (
        <Select
          className="role"
          aria-label={`Role of ${name}`}
          data={ROLES}
          value={role}
          allowDeselect={false}
          onChange={(next) => void change(next as Role)}
        />
      ) : (
        <Badge variant="default" tt="none" fw={500}>
          {role}
        </Badge>
      )}
      {(isOwner || isMe) && (
        <ActionIcon
          variant="subtle"
          color="gray"
          size="lg"
          aria-label={isMe ? "Leave the project" : `Take out ${name}`}
          onClick={() => void remove()}
        >
          <Icon name={isMe ? "out" : "close"} />
        </ActionIcon>
      )}
    </li>
  );
}

/** The list of members with this one in another role. */
function shownIn(project: string, account: string, role: Role): Guess {
  return tasks.members.guess({ project }, (members) =>
    members.map((member) => (member.account === account ? { ...member, role } : member)),
  );
}

function Invite() {
  const { project } = useProject();
  const { data: open = [] } = useQuery(tasks.projectInvitations, { project: project.id });
  const [problem, setProblem] = useState<Problem | null>(null);
  const [role, setRole] = useState<Role>("editor");
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const email = String(new FormData(form).get("email"));
    setProblem(null);
    try {
      await tasks.invite({ project: project.id, email, role });
      form.reset();
      tellDone(`${email} is invited`);
    } catch (error) {
      setProblem(asProblem(error));
    }
  };
  const withdraw = async (invitation: string) => {
    try {
      await tasks.withdrawInvitation({ project: project.id, invitation });
    } catch (error) {
      tellFailed("The invitation could not be taken back", error);
    }
  };
  return (
    <>
      <form className="invite" onSubmit={(event) => void submit(event)}>
        <TextInput
          name="email"
          type="email"
          label="Invite by e-mail"
          required
          placeholder="name@example.com"
          error={fieldError(problem, "email")}
        />
        <Select
          className="role"
          label="Role"
          data={ROLES}
          value={role}
          allowDeselect={false}
          onChange={(next) => setRole(next as Role)}
        />
        <Button type="submit">Invite</Button>
      </form>
      {problem !== null && problem.errors.length === 0 && <Failure error={problem} />}
      <OpenInvitations invitations={open} onWithdraw={(id) => void withdraw(id)} />
    </>
  );
}

interface OpenProps {
  readonly invitations: readonly OpenInvitation[];
  readonly onWithdraw: (id: string) => void;
}

function OpenInvitations({ invitations, onWithdraw }: OpenProps) {
  return (
    <ul className="plain people">
      {invitations.map(({ id, email, role: as }) => (
        <li className="person" key={id}>
          <span className="empty-face">
            <Icon name="mail" />
          </span>
          <span className="person-words">
            <Text size="sm" truncate>
              {email}
            </Text>
            <Text c="dimmed" size="xs">
              Invited as {as}
            </Text>
          </span>
          <Button variant="subtle" color="gray" size="xs" onClick={() => onWithdraw(id)}>
            Take back
          </Button>
        </li>
      ))}
    </ul>
  );
}
