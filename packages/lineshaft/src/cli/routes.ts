/** `lineshaft routes`: what the app answers, and to whom. Channels are among it, with `JOIN` for a method. */
import { checkDeclarations } from "../define/check.ts";
import { collect } from "../define/declarations.ts";
import type { EndpointDefinition } from "../define/endpoint.ts";
import { findAppFile, loadApp } from "./app-file.ts";
import { APP_OPTION, type Command, EXIT, JSON_OPTION } from "./command.ts";
import { say, sayJson, table } from "./terminal.ts";

export const routes: Command = {
  name: "routes",
  summary: "list the endpoints and channels",
  description:
    "Lists the endpoints and channels of the app: method, path, name, who may call, service, summary. Starts nothing.",
  options: { app: APP_OPTION, json: JSON_OPTION },
  async run(call) {
    const { options } = await loadApp(findAppFile(call));
    const declarations = collect(options.services);
    checkDeclarations(declarations, options.services);
    const found = [
      ...declarations.endpoints.map(({ name, endpoint }) => routeOf(name, endpoint)),
      ...declarations.channels.map(({ name, channel }) => routeOf(name, channel.endpoint, "JOIN", "channel")),
    ];
    const sorted = found.toSorted((left, right) => (left.path < right.path ? -1 : Number(left.path > right.path)));
    if (call.flags.has("json")) sayJson(sorted);
    else say(asTable(sorted));
    return EXIT.done;
  },
};

function routeOf(
  name: string,
  endpoint: EndpointDefinition,
  method: string = endpoint.method,
  kind: string = endpoint.kind,
) {
  const { path, actor, service, summary } = endpoint;
  return { method, path, name, kind, actor, service: service.name, summary: summary ?? null };
}

type Route = Readonly<Record<"method" | "path" | "name" | "actor" | "service", string>> & {
  readonly summary: string | null;
};

function asTable(rows: readonly Route[]): string {
  const cells = rows.map((row) => [row.method, row.path, row.name, row.actor, row.service, row.summary ?? ""]);
  return table(["METHOD", "PATH", "NAME", "ACTOR", "SERVICE", "SUMMARY"], cells);
}
