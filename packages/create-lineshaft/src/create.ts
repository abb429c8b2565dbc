/**
 * Create: copies the template into a folder, gives the project its name, installs what it needs.
 *
 * The template (`src/template`) is a project as it stands: its files are checked and its test is run with ours. What
 * cannot be published under its own name, `.gitignore`, gets it here.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";

const TEMPLATE = join(import.meta.dirname, "template");
/** What may lie in a folder that counts as empty. */
const HARMLESS = new Set([".git", ".DS_Store"]);
const NAME_CHARS_MAX = 100;
const MANAGERS = ["npm", "pnpm", "yarn", "bun"] as const;
type Manager = (typeof MANAGERS)[number];

export const HELP = `Makes a Lineshaft project: a backend in TypeScript on Postgres, with nothing else to install.

Usage  npm create lineshaft <folder> [-- options]

The folder is made, or is empty. Nothing is asked.

Options
  --no-install  do not install the dependencies
  --version     show the version
  --help        show this help
`;

/** The command was asked for wrongly. */
export class UsageError extends Error {}
/** It could not be done. */
export class CreateError extends Error {}

/** The arguments of the command. @throws {UsageError}. */
export function readArguments(args: readonly string[]): { folder: string; flags: ReadonlySet<string> } {
  const options = {
    install: { type: "boolean", default: true },
    help: { type: "boolean", short: "h" },
    version: { type: "boolean", short: "v" },
  } as const;
  try {
    const config = { args: [...args], options, allowPositionals: true, allowNegative: true } as const;
    const { values, positionals } = parseArgs(config);
    const flags = new Set(Object.entries(values).flatMap(([name, isGiven]) => (isGiven ? [name] : [])));
    if (flags.has("help") || flags.has("version")) return { folder: "", flags };
    const [folder] = positionals;
    if (folder === undefined || positionals.length > 1) {
      throw new UsageError("Say one folder: npm create lineshaft my-app");
    }
    return { folder, flags };
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(`${(error as Error).message}\n\n${HELP}`);
  }
}

/** The version of this package, and of the platform that a project begins with: they are released together. */
export function version(): string {
  const path = new URL("../package.json", import.meta.url);
  return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
}

export interface Project {
  readonly name: string;
  readonly folder: string;
  /** What to do next, for people. */
  next(manager: Manager, isInstalled: boolean): string;
}

/** Writes a project. @throws {CreateError} when the folder holds something; it is left as it was. */
export function create(path: string): Project {
  const folder = resolve(path);
  const name = nameOf(folder);
  assertEmpty(folder);
  mkdirSync(folder, { recursive: true });
  cpSync(TEMPLATE, folder, { recursive: true, filter: (source) => basename(source) !== "node_modules" });
  renameSync(join(folder, "gitignore"), join(folder, ".gitignore"));
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<string, object>;
  const dependencies = { ...manifest["dependencies"], lineshaft: `^${version()}` };
  writeFileSync(join(folder, "package.json"), `${JSON.stringify({ ...manifest, name, dependencies }, null, 2)}\n`);
  const readme = join(folder, "README.md");
  writeFileSync(readme, readFileSync(readme, "utf8").replace(/^# .*/, `# ${name}`));
  return { name, folder, next: (manager, isInstalled) => nextSteps(folder, manager, isInstalled) };
}

function assertEmpty(folder: string): void {
  if (!existsSync(folder)) return;
  if (!statSync(folder).isDirectory()) throw new CreateError(`${folder} is a file. Name a folder.`);
  const found = readdirSync(folder).find((name) => !HARMLESS.has(name));
  if (found === undefined) return;
  throw new CreateError(
    `${folder} is not empty: it holds ${found}. Nothing was written; name a new or an empty folder.`,
  );
}

/** A name that npm takes, made from the folder's. */
function nameOf(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[._-]+|[-.]+$/g, "")
    .slice(0, NAME_CHARS_MAX);
  return name || "my-app";
}

function nextSteps(folder: string, manager: Manager, isInstalled: boolean): string {
  const where = relative(process.cwd(), folder);
  const run = manager === "npm" ? "npm run dev" : `${manager} dev`;
  const steps = [...(where ? [`cd ${quoted(where)}`] : []), ...(isInstalled ? [] : [`${manager} install`]), run];
  return `\nNext:\n\n${steps.map((step) => `  ${step}`).join("\n")}\n\n`;
}

/** As a shell takes it: quotes stand only where they must. */
function quoted(path: string): string {
  return /^[\w./\\:@+-]+$/.test(path) ? path : `"${path.replace(/["$`]/g, "\\$&")}"`;
}

/** Installing, by the package manager that runs this. */
export const install = {
  manager(): Manager {
    const agent = process.env["npm_config_user_agent"] ?? "";
    return MANAGERS.find((name) => agent.startsWith(`${name}/`)) ?? "npm";
  },

  /** @throws {CreateError} when it fails; the project stays. */
  async run(manager: Manager, folder: string): Promise<void> {
    const child = spawn(manager, ["install"], { cwd: folder, stdio: "inherit", shell: process.platform === "win32" });
    const code = await once(child, "close").then(
      ([exitCode]) => exitCode as number | null,
      () => null,
    );
    if (code === 0) return;
    throw new CreateError(
      `The project is written, and \`${manager} install\` failed in ${folder}: mend it and run it again.`,
    );
  },
};
