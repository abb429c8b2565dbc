/**
 * Where the page is, after `#`, so that the server has one file and every place has an address:
 *
 *     #/                                    the projects
 *     #/projects/<id>/board                 a project's board, or `list`
 *     #/projects/<id>/board/<task>          the same, with a task open
 */
import { useSyncExternalStore } from "react";

export const VIEWS = ["board", "list"] as const;
export type View = (typeof VIEWS)[number];

export type Place =
  | { readonly at: "projects" }
  | { readonly at: "project"; readonly project: string; readonly view: View; readonly task: string | null };

export function parsePlace(hash: string): Place {
  const [, kind, project, view, task] = hash.split("/");
  if (kind !== "projects" || project === undefined || project === "") return { at: "projects" };
  return { at: "project", project, view: view === "list" ? "list" : "board", task: task || null };
}

export function addressOf(place: Place): string {
  if (place.at === "projects") return "#/";
  return `#/projects/${place.project}/${place.view}${place.task === null ? "" : `/${place.task}`}`;
}

export function go(place: Place): void {
  location.hash = addressOf(place);
}

function subscribe(listener: () => void): () => void {
  addEventListener("hashchange", listener);
  return () => removeEventListener("hashchange", listener);
}

export function usePlace(): Place {
  return parsePlace(useSyncExternalStore(subscribe, () => location.hash));
}
