/** The projects of whoever is signed in. */
import { usePages } from "@lineshaft/client/react";
import { type Project, tasks } from "../client.ts";

/** Projects that are shown, in pages of the API's size. */
const PAGE_ROWS = 100;
const PAGES_MAX = 5;

interface Projects {
  readonly projects: readonly Project[];
  readonly isLoading: boolean;
  readonly error: unknown;
}

export function useProjects(): Projects {
  const { status, data, problem } = usePages(tasks.projects, { limit: PAGE_ROWS }, { pages: PAGES_MAX });
  return { projects: data?.items ?? [], isLoading: status === "loading", error: problem ?? null };
}
