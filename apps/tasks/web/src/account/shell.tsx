/** What stands around every page of somebody who is signed in: the project switcher and the own account. */
import {
  ActionIcon,
  Button,
  Menu,
  Text,
  UnstyledButton,
  useComputedColorScheme,
  useMantineColorScheme,
} from "@mantine/core";
import type { ReactNode } from "react";
import type { Account } from "../client.ts";
import { Brand } from "../parts/brand.tsx";
import { Icon } from "../parts/icons.tsx";
import { Face } from "../parts/people.tsx";
import { useNewProject } from "../project/new-project.tsx";
import { useProjects } from "../project/use-projects.ts";
import { addressOf, go, usePlace } from "../route.ts";
import { ConnectionSign } from "./connection-sign.tsx";
import { useSession } from "./session.tsx";

export function Shell({ account, children }: { readonly account: Account; readonly children: ReactNode }) {
  return (
    <div className="shell">
      <header className="top">
        <a href={addressOf({ at: "projects" })} className="home" aria-label="Tasks: all projects">
          <Brand />
        </a>
        <ProjectSwitcher />
        <span className="spring" />
        <ConnectionSign />
        <SchemeToggle />
        <OwnMenu account={account} />
      </header>
      {children}
    </div>
  );
}

function ProjectSwitcher() {
  const { projects } = useProjects();
  const place = usePlace();
  const { open, dialog } = useNewProject();
  const current = place.at === "project" ? projects.find(({ id }) => id === place.project) : undefined;
  return (
    <>
      <Menu position="bottom-start" width={260}>
        <Menu.Target>
          <Button
            variant="subtle"
            color="gray"
            className="switcher"
            aria-label={`Project: ${current?.name ?? "none chosen"}. Switch`}
            rightSection={<Icon name="down" size={16} />}
          >
            {current?.name ?? "Projects"}
          </Button>
        </Menu.Target>
        <Menu.Dropdown className="tall-menu">
          {projects.length > 0 && <Menu.Label>Projects</Menu.Label>}
          {projects.map(({ id, name }) => (
            <Menu.Item
              key={id}
              leftSection={<Icon name={id === current?.id ? "check" : "folder"} />}
              onClick={() =>
                go({ at: "project", project: id, view: place.at === "project" ? place.view : "board", task: null })
              }
            >
              {name}
            </Menu.Item>
          ))}
          {projects.length > 0 && <Menu.Divider />}
          <Menu.Item leftSection={<Icon name="plus" />} onClick={open}>
            New project
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {dialog}
    </>
  );
}

function SchemeToggle() {
  const { setColorScheme } = useMantineColorScheme();
  const isDark = useComputedColorScheme("light") === "dark";
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="lg"
      aria-label={isDark ? "Use light colours" : "Use dark colours"}
      onClick={() => setColorScheme(isDark ? "light" : "dark")}
    >
      <Icon name={isDark ? "sun" : "moon"} />
    </ActionIcon>
  );
}

function OwnMenu({ account }: { readonly account: Account }) {
  const { leave } = useSession();
  const name = account.name || account.email;
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <UnstyledButton className="own" aria-label={`Account of ${name}`}>
          <Face person={{ id: account.id, name }} size={32} />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <div className="menu-head">
          <Text fw={600} size="sm" truncate>
            {name}
          </Text>
          <Text c="dimmed" size="xs" truncate>
            {account.email}
          </Text>
        </div>
        <Menu.Divider />
        <Menu.Item leftSection={<Icon name="out" />} onClick={() => void leave()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
