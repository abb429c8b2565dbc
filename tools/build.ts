/**
 * Build: makes `dist` in each folder of `packages`, which `npm pack` turns into the published package.
 *
 *     npm run build                   all packages, each into its own `dist`
 *     npm run build -- --out <folder> [--package create-lineshaft]     one, by default `lineshaft`, into a folder
 *
 * Model. TypeScript emits JavaScript, declarations and maps; the layout mirrors the package (`dist/src`, `dist/assets`)
 * so that a path relative to `import.meta` holds in both. Three things are put right after the emit:
 * - declarations name `./x.ts`, which is not published: they get `.js`, of the same length, so that maps stay true;
 * - maps point outside the package: the sources are shipped in `dist/sources`, apart from the declarations, where the
 *   compiler of a user would prefer them;
 * - the command line gets its execute bit.
 * A template (`src/template`) is shipped as it is: its files become somebody's project.
 * `package.json` is the one of the source, with every path to a `.ts` file turned into what was emitted for it.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";

const ROOT = join(import.meta.dirname, "..");
const PACKAGES = ["lineshaft", "create-lineshaft", "client"];
const SHEBANG = "#!/usr/bin/env node\n";
/** Fields of the source's package.json that make no sense in the published one. */
const DROPPED = ["scripts", "devDependencies", "private", "imports"];

type Manifest = Record<string, unknown> & {
  readonly name: string;
  readonly version: string;
  readonly exports?: Record<string, string>;
  readonly bin?: Record<string, string>;
};

/** What is built, and where. */
interface Job {
  readonly source: string;
  readonly dist: string;
}

function compile({ source, dist }: Job): void {
  const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
  const args = [compiler, "-p", join(source, "tsconfig.build.json"), "--outDir", dist, "--pretty"];
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit", cwd: ROOT });
  if (status !== 0) throw new Error("the type check failed: nothing was built");
}

/** Names what was emitted in the declarations: `./x.ts` becomes `./x.js`. */
function rewriteDeclarations({ dist }: Job): void {
  for (const path of globSync("src/**/*.d.ts", { cwd: dist })) {
    const file = join(dist, path);
    const text = readFileSync(file, "utf8");
    const rewritten = text.replace(/((?:from|import|module)\s*\(?\s*["']\.{1,2}\/[^"'\n]*)\.ts(["'])/g, "$1.js$2");
    if (rewritten !== text) writeFileSync(file, rewritten);
  }
}

/** Ships the sources that the maps name, and points the maps to them. */
function shipSources({ source: folder, dist }: Job): void {
  for (const path of globSync("src/**/*.map", { cwd: dist })) {
    const file = join(dist, path);
    const map = JSON.parse(readFileSync(file, "utf8")) as { sources: string[] };
    map.sources = map.sources.map((source) => {
      const original = join(dirname(file), source);
      const shipped = join(dist, "sources", relative(folder, original));
      mkdirSync(dirname(shipped), { recursive: true });
      cpSync(original, shipped);
      return relative(dirname(file), shipped).replaceAll("\\", "/");
    });
    writeFileSync(file, JSON.stringify(map));
  }
}

/** A file that is started by its path would not be found: the emitted one has another name. */
function refuseSourcePaths({ dist }: Job): void {
  for (const path of globSync("src/**/*.js", { cwd: dist })) {
    const text = readFileSync(join(dist, path), "utf8");
    const found = /new URL\(\s*["'`]\.{1,2}\/[^"'`]*\.ts["'`]/.exec(text);
    if (found === null) continue;
    throw new Error(`${path}: ${found[0]} names a source file; take the extension from import.meta.filename`);
  }
}

function copyExtras({ source, dist }: Job): void {
  for (const name of ["README.md", "LICENSE"]) {
    const found = [join(source, name), join(ROOT, name)].find((path) => existsSync(path));
    if (found === undefined) console.log(`build: there is no ${name} yet`);
    else cpSync(found, join(dist, name));
  }
  for (const name of ["assets", "src/template"]) {
    const isOurs = (path: string): boolean => !/(?:^|[\\/])(?:node_modules|\.lineshaft|migrations)$/.test(path);
    const folder = join(source, name);
    if (existsSync(folder)) cpSync(folder, join(dist, name), { recursive: true, filter: isOurs });
  }
}

const emitted = (path: string, extension: ".js" | ".d.ts"): string => path.replace(/\.ts$/, extension);

function writeManifest({ source: folder, dist }: Job): Manifest {
  const source = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  const kept = Object.fromEntries(Object.entries(source).filter(([key]) => !DROPPED.includes(key)));
  const entries = Object.entries(source.exports ?? {}).map(([name, path]) => {
    return [name, { types: emitted(path, ".d.ts"), default: emitted(path, ".js") }] as const;
  });
  const bin = Object.entries(source.bin ?? {}).map(([name, path]) => [name, emitted(path, ".js")] as const);
  const main = entries.find(([name]) => name === ".")?.[1].types;
  const manifest = {
    ...kept,
    ...(main === undefined ? {} : { types: main }),
    exports: { ...Object.fromEntries(entries), "./package.json": "./package.json" },
    bin: Object.fromEntries(bin.filter(([, path]) => existsSync(join(dist, path)))),
    engines: { node: ">=24" },
    files: ["src", "sources", "assets", "README.md", "LICENSE"],
  };
  writeFileSync(join(dist, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const [name, path] of entries) {
    if (!existsSync(join(dist, path.default))) console.log(`build: ${name} is exported and not there: ${path.default}`);
  }
  for (const [, path] of bin) makeExecutable(dist, join(dist, path));
  return source;
}

function makeExecutable(dist: string, file: string): void {
  if (!existsSync(file)) {
    console.log(`build: there is no ${relative(dist, file)} yet`);
    return;
  }
  if (!readFileSync(file, "utf8").startsWith(SHEBANG)) {
    throw new Error(`${relative(dist, file)}: its source must begin with the line ${SHEBANG.trim()}`);
  }
  chmodSync(file, 0o755);
}

function build(job: Job): void {
  const startedAt = performance.now();
  rmSync(job.dist, { recursive: true, force: true });
  compile(job);
  rewriteDeclarations(job);
  shipSources(job);
  refuseSourcePaths(job);
  copyExtras(job);
  const { name, version } = writeManifest(job);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`build: ${name} ${version} in ${relative(process.cwd(), job.dist)} (${seconds} s)`);
}

function main(): void {
  const { values } = parseArgs({ options: { out: { type: "string" }, package: { type: "string" } } });
  const asked = values.package ?? (values.out === undefined ? null : PACKAGES[0]);
  const unknown = asked !== null && !PACKAGES.includes(asked!);
  if (unknown) throw new Error(`--package ${asked}: there are ${PACKAGES.join(", ")}`);
  for (const name of PACKAGES.filter((each) => asked === null || each === asked)) {
    const source = join(ROOT, "packages", name);
    build({ source, dist: resolve(values.out ?? join(source, "dist")) });
  }
}

try {
  main();
} catch (error) {
  console.error(`build: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
