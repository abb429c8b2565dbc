/** What stands around every page of somebody who is signed in: the project switcher and the own account. */
import { Button, Menu } from "@mantine/core";
import { ConnectionSign } from "lineshaft-web-shared/account/connection-sign.tsx";
import { OwnMenu, SchemeToggle } from "lineshaft-web-shared/account/own-menu.tsx";
import { Icon } from "lineshaft-web-shared/parts/icons.tsx";
import type { ReactNode } from "react";
import { Brand } from "../parts/brand.tsx";
import { useNewProject } from "../project/new-project.tsx";
import { useProjects } from "../project/use-projects.ts";
import { addressOf, go, usePlace } from "../route.ts";

export function Shell({ children }: { readonly children: ReactNode }) {
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
        <OwnMenu />
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
