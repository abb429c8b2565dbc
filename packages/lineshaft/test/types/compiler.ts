/** The TypeScript compiler of this repository as a child process, for tests and benchmarks of the types. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const REPOSITORY = fileURLToPath(new URL("../../../..", import.meta.url));

/** Wall time of one run of the compiler. */
const COMPILER_TIMEOUT_MS = 120_000;
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

export interface CompilerRun {
  readonly exitCode: number;
  readonly output: string;
}

/** Runs `tsc` and gives what it printed; errors of the program that it checks are an exit code, not a throw. */
export function runCompiler(args: readonly string[], cwd: string): Promise<CompilerRun> {
  const compiler = join(REPOSITORY, "node_modules/typescript/bin/tsc");
  const options = { cwd, timeout: COMPILER_TIMEOUT_MS, maxBuffer: OUTPUT_BYTES_MAX };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [compiler, ...args], options, (error, stdout, stderr) => {
      if (error && typeof error.code !== "number") return reject(error);
      resolve({ exitCode: error ? Number(error.code) : 0, output: stdout + stderr });
    });
  });
}

/** A folder outside the repository that finds `lineshaft` the way an installed app does. */
export interface Project extends AsyncDisposable {
  readonly folder: string;
  compile(...args: string[]): Promise<CompilerRun>;
}

/**
 * Writes an app's sources, with the compiler options that the repository itself uses.
 *
 * @param files           Text by path.
 * @param compilerOptions Added to the repository's.
 */
export async function openProject(
  files: Readonly<Record<string, string>>,
  compilerOptions: Readonly<Record<string, unknown>> = {},
): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), "lineshaft-types-"));
  const config = {
    extends: join(REPOSITORY, "tsconfig.json"),
    compilerOptions: { typeRoots: [join(REPOSITORY, "node_modules/@types")], ...compilerOptions },
    include: ["."],
    exclude: ["node_modules", "out"],
  };
  const all = { "package.json": '{ "type": "module" }', "tsconfig.json": JSON.stringify(config), ...files };
  for (const [path, text] of Object.entries(all)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  await mkdir(join(folder, "node_modules"));
  await symlink(join(REPOSITORY, "packages/lineshaft"), join(folder, "node_modules/lineshaft"), "dir");
  return {
    folder,
    compile: (...args) => runCompiler(["-p", ".", "--pretty", "false", ...args], folder),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
