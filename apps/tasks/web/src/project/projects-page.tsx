/** All projects of whoever is signed in, and invitations to others. */

import { useQuery } from "@lineshaft/client/react";
import { Badge, Button, Group, Paper, Text, Title } from "@mantine/core";
import { Empty } from "lineshaft-web-shared/parts/empty.tsx";
import { Failure, Waiting } from "lineshaft-web-shared/parts/failure.tsx";
import { Icon } from "lineshaft-web-shared/parts/icons.tsx";
import { tellDone, tellFailed } from "lineshaft-web-shared/parts/notices.tsx";
import { useState } from "react";
import { client, type Invitation, tasks } from "../client.ts";
import { addressOf } from "../route.ts";
import { useNewProject } from "./new-project.tsx";
import { useProjects } from "./use-projects.ts";

export function ProjectsPage() {
  const { projects, isLoading, error } = useProjects();
  const { open, dialog } = useNewProject();
  return (
    <main className="narrow">
      <Group justify="space-between" mb="lg">
        <Title order={1} size="h2">
          Projects
        </Title>
        {projects.length > 0 && (
          <Button leftSection={<Icon name="plus" />} onClick={open}>
            New project
          </Button>
        )}
      </Group>
      <Invitations />
      {error !== null && <Failure error={error} onRetry={client.$restart} />}
      {projects.length === 0 &&
        error === null &&
        (isLoading ? <Waiting what="Loading projects" /> : <First onNew={open} />)}
      <ul className="plain project-list">
        {projects.map(({ id, name, description, role }) => (
          <li key={id}>
            <a className="project-card" href={addressOf({ at: "project", project: id, view: "board", task: null })}>
              <Group justify="space-between" wrap="nowrap">
                <Text fw={600} truncate>
                  {name}
                </Text>
                <Badge variant="default" tt="none" fw={500}>
                  {role}
                </Badge>
              </Group>
              <Text c="dimmed" size="sm" lineClamp={2}>
                {description || "No description"}
              </Text>
            </a>
          </li>
        ))}
      </ul>
      {dialog}
    </main>
  );
}

function First({ onNew }: { readonly onNew: () => void }) {
  return (
    <Empty
      icon="folder"
      title="No project yet"
      text="A project is a board of tasks that you share with others. Make the first one."
    >
      <Button leftSection={<Icon name="plus" />} onClick={onNew}>
        New project
      </Button>
    </Empty>
  );
}

const NOTHING = {};

function Invitations() {
  const { data = [] } = useQuery(tasks.invitations, NOTHING);
  return data.map((invitation) => <InvitationCard key={invitation.id} invitation={invitation} />);
}

function InvitationCard({ invitation }: { readonly invitation: Invitation }) {
  const [isBusy, setBusy] = useState(false);
  const { id, project, role } = invitation;
  const answer = async (isAccepted: boolean) => {
    setBusy(true);
    try {
      await (isAccepted ? tasks.acceptInvitation : tasks.declineInvitation)({ invitation: id });
      tellDone(isAccepted ? `You are now in ${project.name}` : "Declined");
    } catch (error) {
      tellFailed("That did not work", error);
      setBusy(false);
    }
  };
  return (
    <Paper withBorder p="md" mb="md" radius="md">
      <Group justify="space-between">
        <Text size="sm">
          You are invited to <strong>{project.name}</strong> as {role}.
        </Text>
        <Group gap="xs">
          <Button size="xs" variant="default" disabled={isBusy} onClick={() => void answer(false)}>
            Decline
          </Button>
          <Button size="xs" disabled={isBusy} onClick={() => void answer(true)}>
            Join
          </Button>
        </Group>
      </Group>
    </Paper>
  );
}
