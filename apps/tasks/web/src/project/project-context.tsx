/** A project as its page has it: for everything that is shown on it. */
import { createContext, type ReactNode, use } from "react";
import type { Label, Member, Project } from "../client.ts";
import type { Status } from "../task/words.ts";
import type { Filters } from "./filters.ts";
import type { Move } from "./moves.ts";
import type { Selection } from "./use-selection.ts";
import type { Tasks } from "./use-tasks.ts";

export interface ProjectOnPage {
  readonly project: Project;
  readonly members: readonly Member[];
  readonly labels: readonly Label[];
  /** Whether the caller may change tasks: editors and owners, and not in the archive. */
  readonly canEdit: boolean;
  readonly tasks: Tasks;
  readonly filters: Filters;
  readonly setFilters: (filters: Filters) => void;
  readonly selection: Selection;
  readonly move: (move: Move) => Promise<void>;
  readonly openTask: (id: string) => void;
  readonly newTask: (status: Status) => void;
}

const ProjectContext = createContext<ProjectOnPage | null>(null);

export function ProjectOnPageProvider({
  value,
  children,
}: {
  readonly value: ProjectOnPage;
  readonly children: ReactNode;
}) {
  return <ProjectContext value={value}>{children}</ProjectContext>;
}

export function useProject(): ProjectOnPage {
  const project = use(ProjectContext);
  if (project === null) throw new Error("useProject is called outside a project's page.");
  return project;
}
