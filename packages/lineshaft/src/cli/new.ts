/** `lineshaft new <name>`: a service to begin with, in a folder of its own, beside the file of the app. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join, relative } from "node:path";
import { collect } from "../define/declarations.ts";
import { findAppFile, loadApp } from "./app-file.ts";
import { APP_OPTION, type Command, CommandError, EXIT, UsageError } from "./command.ts";
import { type Names, namesOf, serviceText, testText, wired } from "./new-files.ts";
import { say } from "./terminal.ts";

/** As Postgres schemas and exports can be named alike. */
const NAME = /^[a-z][a-z0-9_]{0,39}$/;
/** Words that cannot name an import, and names that are taken. */
const RESERVED = new Set([
  "new",
  "default",
  "class",
  "import",
  "export",
  "function",
  "service",
  "entity",
  "field",
  "list",
  "app",
]);
const TAKEN = /^(?:pg_|lineshaft$|public$|accounts$|information_schema$|add$|all$|one$)/;

export const newService: Command = {
  name: "new",
  summary: "add a service",
  description:
    "Adds a service with an entity, three endpoints and a test, in a folder beside the file of the app, and names\n" +
    "it in the app where that is plainly possible; else it says what to write there. Overwrites nothing.",
  words: ["name"],
  options: { app: APP_OPTION },
  async run(call) {
    const name = call.words[0]!;
    if (!NAME.test(name) || RESERVED.has(name) || TAKEN.test(name)) {
      const why = NAME.test(name) ? "it is taken" : "it takes lower-case letters, digits and underscores";
      throw new UsageError(`A service cannot be named "${name}": ${why}. For example: lineshaft new orders`);
    }
    const appFile = findAppFile(call);
    const names = namesOf(name);
    const folder = join(dirname(appFile), name);
    if (existsSync(folder)) throw new CommandError(`${shown(folder)} is there already; nothing was changed.`);
    await assertFree(appFile, name);
    mkdirSync(folder);
    write(join(folder, `${name}.ts`), serviceText(names));
    write(join(folder, `${name}.test.ts`), testText(names));
    wire(appFile, names);
    say(`\nNext: change its fields in ${shown(join(folder, `${name}.ts`))}; the next start writes the migration.`);
    return EXIT.done;
  },
};

/** @throws {CommandError} when the app has a service of this name elsewhere. */
async function assertFree(appFile: string, name: string): Promise<void> {
  const { options } = await loadApp(appFile);
  const taken = collect(options.services).services.find((each) => each.name === name);
  if (taken) throw new CommandError(`The app has a service "${name}" already (${taken.place}); nothing was changed.`);
}

const shown = (path: string): string => relative(process.cwd(), path);

function write(path: string, text: string): void {
  writeFileSync(path, text, { flag: "wx" });
  say(`Wrote ${shown(path)}`);
}

function wire(appFile: string, names: Names): void {
  const specifier = `./${names.service}/${names.service}.ts`;
  const text = appFile.endsWith(".ts") ? wired(readFileSync(appFile, "utf8"), names, specifier) : null;
  if (text !== null && parses(text)) {
    writeFileSync(appFile, text);
    say(`Named it in ${shown(appFile)}`);
    return;
  }
  say(`\nName it in ${shown(appFile)}:\n`);
  say(`  import * as ${names.service} from "${specifier}";`);
  say(`  app({ services: { …, ${names.service} } })`);
}

function parses(text: string): boolean {
  try {
    stripTypeScriptTypes(text);
    return true;
  } catch {
    return false;
  }
}
