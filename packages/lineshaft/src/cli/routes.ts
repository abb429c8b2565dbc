/** `lineshaft routes`: what the app answers, and to whom. */
import { checkDeclarations } from "../define/check.ts";
import { collect } from "../define/declarations.ts";
import { findAppFile, loadApp } from "./app-file.ts";
import { APP_OPTION, type Command, EXIT, JSON_OPTION } from "./command.ts";
import { say, sayJson, table } from "./terminal.ts";

export const routes: Command = {
  name: "routes",
  summary: "list the endpoints",
  description: "Lists the endpoints of the app: method, path, name, who may call, service, summary. Starts nothing.",
  options: { app: APP_OPTION, json: JSON_OPTION },
  async run(call) {
    const { options } = await loadApp(findAppFile(call));
    const declarations = collect(options.services);
    checkDeclarations(declarations, options.services);
    const found = declarations.endpoints.map(({ name, endpoint }) => {
      const { kind, method, path, actor, service, summary } = endpoint;
      return { method, path, name, kind, actor, service: service.name, summary: summary ?? null };
    });
    const sorted = found.toSorted((left, right) => (left.path < right.path ? -1 : Number(left.path > right.path)));
    if (call.flags.has("json")) sayJson(sorted);
    else say(asTable(sorted));
    return EXIT.done;
  },
};

type Route = Readonly<Record<"method" | "path" | "name" | "actor" | "service", string>> & {
  readonly summary: string | null;
};

function asTable(rows: readonly Route[]): string {
  const cells = rows.map((row) => [row.method, row.path, row.name, row.actor, row.service, row.summary ?? ""]);
  return table(["METHOD", "PATH", "NAME", "ACTOR", "SERVICE", "SUMMARY"], cells);
}
