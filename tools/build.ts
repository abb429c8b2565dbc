/**
 * Build: makes `packages/lineshaft/dist`, the folder that `npm pack` turns into the published package.
 *
 *     npm run build                   or, into another folder: npm run build -- --out <folder>
 *
 * Model. TypeScript emits JavaScript, declarations and maps; the layout mirrors the package (`dist/src`, `dist/assets`)
 * so that a path relative to `import.meta` holds in both. Three things are put right after the emit:
 * - declarations name `./x.ts`, which is not published: they get `.js`, of the same length, so that maps stay true;
 * - maps point outside the package: the sources are shipped in `dist/sources`, apart from the declarations, where the
 *   compiler of a user would prefer them;
 * - the command line gets its execute bit.
 * `package.json` is the one of the source, with every path to a `.ts` file turned into what was emitted for it.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";

const ROOT = join(import.meta.dirname, "..");
const PACKAGE = join(ROOT, "packages/lineshaft");
const DIST = resolve(parseArgs({ options: { out: { type: "string" } } }).values.out ?? join(PACKAGE, "dist"));
const SHEBANG = "#!/usr/bin/env node\n";
/** Fields of the source's package.json that make no sense in the published one. */
const DROPPED = ["scripts", "devDependencies", "private", "imports"];

type Manifest = Record<string, unknown> & {
  readonly name: string;
  readonly version: string;
  readonly exports: Record<string, string>;
  readonly bin?: Record<string, string>;
};

function compile(): void {
  const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
  const args = [compiler, "-p", join(PACKAGE, "tsconfig.build.json"), "--outDir", DIST, "--pretty"];
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit", cwd: ROOT });
  if (status !== 0) throw new Error("the type check failed: nothing was built");
}

/** Names what was emitted in the declarations: `./x.ts` becomes `./x.js`. */
function rewriteDeclarations(): void {
  for (const path of globSync("src/**/*.d.ts", { cwd: DIST })) {
    const file = join(DIST, path);
    const text = readFileSync(file, "utf8");
    const rewritten = text.replace(/((?:from|import|module)\s*\(?\s*["']\.{1,2}\/[^"'\n]*)\.ts(["'])/g, "$1.js$2");
    if (rewritten !== text) writeFileSync(file, rewritten);
  }
}

/** Ships the sources that the maps name, and points the maps to them. */
function shipSources(): void {
  for (const path of globSync("src/**/*.map", { cwd: DIST })) {
    const file = join(DIST, path);
    const map = JSON.parse(readFileSync(file, "utf8")) as { sources: string[] };
    map.sources = map.sources.map((source) => {
      const original = join(dirname(file), source);
      const shipped = join(DIST, "sources", relative(PACKAGE, original));
      mkdirSync(dirname(shipped), { recursive: true });
      cpSync(original, shipped);
      return relative(dirname(file), shipped).replaceAll("\\", "/");
    });
    writeFileSync(file, JSON.stringify(map));
  }
}

/** A file that is started by its path would not be found: the emitted one has another name. */
function refuseSourcePaths(): void {
  for (const path of globSync("src/**/*.js", { cwd: DIST })) {
    const text = readFileSync(join(DIST, path), "utf8");
    const found = /new URL\(\s*["'`]\.{1,2}\/[^"'`]*\.ts["'`]/.exec(text);
    if (found === null) continue;
    throw new Error(`${path}: ${found[0]} names a source file; take the extension from import.meta.filename`);
  }
}

function copyExtras(): void {
  for (const name of ["assets", "README.md", "LICENSE"]) {
    const source = [join(PACKAGE, name), join(ROOT, name)].find((path) => existsSync(path));
    if (source === undefined) console.log(`build: there is no ${name} yet`);
    else cpSync(source, join(DIST, name), { recursive: true });
  }
}

const emitted = (path: string, extension: ".js" | ".d.ts"): string => path.replace(/\.ts$/, extension);

function writeManifest(): Manifest {
  const source = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8")) as Manifest;
  const kept = Object.fromEntries(Object.entries(source).filter(([key]) => !DROPPED.includes(key)));
  const entries = Object.entries(source.exports).map(([name, path]) => {
    return [name, { types: emitted(path, ".d.ts"), default: emitted(path, ".js") }] as const;
  });
  const bin = Object.entries(source.bin ?? {}).map(([name, path]) => [name, emitted(path, ".js")] as const);
  const manifest = {
    ...kept,
    types: emitted(source.exports["."] as string, ".d.ts"),
    exports: { ...Object.fromEntries(entries), "./package.json": "./package.json" },
    bin: Object.fromEntries(bin.filter(([, path]) => existsSync(join(DIST, path)))),
    engines: { node: ">=24" },
    files: ["src", "sources", "assets", "README.md", "LICENSE"],
  };
  writeFileSync(join(DIST, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const [name, path] of entries) {
    if (!existsSync(join(DIST, path.default))) console.log(`build: ${name} is exported and not there: ${path.default}`);
  }
  for (const [, path] of bin) makeExecutable(join(DIST, path));
  return source;
}

function makeExecutable(file: string): void {
  if (!existsSync(file)) {
    console.log(`build: there is no ${relative(DIST, file)} yet`);
    return;
  }
  if (!readFileSync(file, "utf8").startsWith(SHEBANG)) {
    throw new Error(`${relative(DIST, file)}: its source must begin with the line ${SHEBANG.trim()}`);
  }
  chmodSync(file, 0o755);
}

function main(): void {
  const startedAt = performance.now();
  rmSync(DIST, { recursive: true, force: true });
  compile();
  rewriteDeclarations();
  shipSources();
  refuseSourcePaths();
  copyExtras();
  const { name, version } = writeManifest();
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`build: ${name} ${version} in ${relative(process.cwd(), DIST)} (${seconds} s)`);
}

try {
  main();
} catch (error) {
  console.error(`build: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
