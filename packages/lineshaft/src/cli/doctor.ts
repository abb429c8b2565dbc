/** `lineshaft doctor`: whether the database lets the platform read its log, and what to change where it does not. */
import { readSettings } from "../app/settings.ts";
import { checkDeclarations } from "../define/check.ts";
import { collect } from "../define/declarations.ts";
import { examine, type Finding } from "../log/doctor.ts";
import { desiredSchema } from "../migrate/desired.ts";
import { platformPublications, publicationsOf } from "../migrate/index.ts";
import { findAppFile, loadApp } from "./app-file.ts";
import { APP_OPTION, type Command, CommandError, EXIT, JSON_OPTION } from "./command.ts";
import { isDatabaseThere, withDatabase } from "./database.ts";
import { paint, say, sayJson } from "./terminal.ts";

const MARKS = { ok: ["green", "ok"], warning: ["yellow", "warning"], failed: ["red", "failed"] } as const;
const MARK_WIDTH = Math.max(...Object.values(MARKS).map(([, word]) => word.length));

export const doctor: Command = {
  name: "doctor",
  summary: "check whether the database lets its log be read, and say what to change",
  description:
    "Looks at what caches, live queries and handlers need of the database: version, direct connection, wal_level,\n" +
    "the right to replicate, how much log a slot may hold, free slots and walsenders, publications, replica\n" +
    "identities, lost slots. Says what to change. Reads only. Ends with 1 when a check has failed; warnings pass.",
  options: { app: APP_OPTION, json: JSON_OPTION },
  async run(call) {
    const { options } = await loadApp(findAppFile(call));
    const declarations = collect(options.services);
    checkDeclarations(declarations, options.services);
    const settings = readSettings(process.env, process.cwd());
    if (!isDatabaseThere(settings)) {
      throw new CommandError("There is no database yet: the first start of the app makes it. Or set DATABASE_URL.");
    }
    const publications = [
      ...publicationsOf(desiredSchema(declarations.services)),
      ...platformPublications(declarations),
    ];
    const findings = await withDatabase(
      settings,
      () => {},
      async (connect, connection) => {
        const client = await connect();
        try {
          return await examine(client, connection, publications);
        } finally {
          await client.end();
        }
      },
    );
    if (call.flags.has("json")) sayJson(findings);
    else say(textOf(findings));
    return findings.some(({ status }) => status === "failed") ? EXIT.failed : EXIT.done;
  },
};

function textOf(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  return findings
    .flatMap(({ check, status, seen, advice }) => {
      const [colour, word] = MARKS[status];
      const line = `${paint(colour, word.padEnd(MARK_WIDTH))}  ${check.padEnd(width)}  ${seen}`;
      return advice === null ? [line] : [line, `${" ".repeat(MARK_WIDTH + width + 4)}→ ${advice}`];
    })
    .join("\n");
}
