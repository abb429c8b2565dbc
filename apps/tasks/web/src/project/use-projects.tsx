/** The projects of whoever is signed in. */
import { createContext, type ReactNode, use, useMemo } from "react";
import { projects as askProjects, type Project } from "../api/projects.ts";
import { useLoaded } from "../parts/use-loaded.ts";

/** Rows of one page of the API. */
const PAGE_ROWS = 100;

interface Projects {
  readonly projects: readonly Project[];
  readonly isLoading: boolean;
  readonly error: unknown;
  readonly reload: () => Promise<void>;
}

const ProjectsContext = createContext<Projects | null>(null);

async function allProjects(signal: AbortSignal): Promise<readonly Project[]> {
  const all: Project[] = [];
  for (let cursor: string | undefined; ; ) {
    const { items, next } = await askProjects({ limit: PAGE_ROWS, cursor }, signal);
    all.push(...items);
    if (next === null) return all;
    cursor = next;
  }
}

export function ProjectsProvider({ children }: { readonly children: ReactNode }) {
  const { value, isLoading, error, reload } = useLoaded("projects", allProjects);
  const context = useMemo(
    () => ({ projects: value ?? [], isLoading, error, reload }),
    [value, isLoading, error, reload],
  );
  return <ProjectsContext value={context}>{children}</ProjectsContext>;
}

export function useProjects(): Projects {
  const projects = use(ProjectsContext);
  if (projects === null) throw new Error("useProjects is called outside ProjectsProvider.");
  return projects;
}
