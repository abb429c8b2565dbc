/**
 * Tidy: a test of the code. It holds the rules that a type checker and a linter cannot know.
 *
 * Model. `tidy(root)` reads every text file of the repository; each rule looks at one file and reports findings with a
 * line and a way out. There are no ratchets: a rule holds everywhere or is changed here.
 * Run `npm run check`, or this file alone. To add a rule: an entry in `RULES` and a bad sample in `tidy.test.ts`.
 */
import { globSync, readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { functionsOf, type Import, importsOf, lineOf, mask } from "./source.ts";

const ROOT = join(import.meta.dirname, "..");

/**
 * The layers of `packages/lineshaft/src`: a folder imports only from folders before its own. Folders in one entry are
 * siblings that do not know each other. Files directly in `src`, and tests, may import every layer.
 */
const LAYERS: readonly (readonly string[])[] = [
  ["define"],
  ["observe"],
  ["engines"],
  ["data"],
  ["migrate"],
  ["readset"],
  ["log"],
  ["cache"],
  ["live"],
  ["call"],
  ["handle"],
  ["schedule"],
  ["channel"],
  ["guard"],
  ["serve"],
  ["accounts"],
  ["app"],
  ["cli"],
  ["testkit"],
];

const CODE_LINES_MAX = 400;
const FUNCTION_LINES_MAX = 70;
const LINE_CHARACTERS_MAX = 120;
/** How far above a sleep its polling helper may begin. */
const HELPER_LINES_MAX = 20;

const CODE = /\.(?:ts|tsx|mjs|js)$/;
const TEXT = /\.(?:ts|tsx|mjs|js|json|md|sql|sh|css|html|ya?ml)$/;
const TEST = /\.test\.tsx?$|\/test\//;
const SKIPPED = /(?:^|\/)(?:node_modules|dist|web\/built|\.git|\.lineshaft|\.generated)(?:\/|$)|package-lock\.json$/;

// Spelled in parts so that this file keeps its own rules.
const UNFINISHED = new RegExp(
  `\\b(?:${["FIX", "TO"].map((start) => `${start}${start === "TO" ? "DO" : "ME"}`).join("|")})\\b`,
);
const FORBIDDEN = new RegExp(["clau" + "de", "anthro" + "pic", "issue " + "#"].join("|"), "i");

export type Finding = { readonly path: string; readonly line: number; readonly rule: string; readonly message: string };

/** A file as rules see it: its path from the root with forward slashes, its text, and its code without strings. */
type Source = {
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
  readonly masked: string;
  readonly maskedLines: readonly string[];
  readonly imports: readonly Import[];
};

type Report = { readonly line: number; readonly message: string };
type Rule = {
  readonly name: string;
  readonly applies: (path: string) => boolean;
  readonly check: (source: Source) => readonly Report[];
};

const isCode = (path: string): boolean => CODE.test(path);
const isTest = (path: string): boolean => CODE.test(path) && TEST.test(path);
const isGenerated = (path: string): boolean => /\.generated\.[a-z]+$/.test(path);

/** Rules that look for a pattern in the code of a line, without comments and strings. */
function codePattern(name: string, applies: Rule["applies"], pattern: RegExp, message: string): Rule {
  const check: Rule["check"] = ({ maskedLines }) => matching(maskedLines, pattern, message);
  return { name, applies: (path) => isCode(path) && applies(path), check };
}

/** Rules that look for a pattern in the whole text of a line. */
function textPattern(name: string, pattern: RegExp, message: string): Rule {
  return { name, applies: () => true, check: ({ lines }) => matching(lines, pattern, message) };
}

function matching(lines: readonly string[], pattern: RegExp, message: string): readonly Report[] {
  return lines.flatMap((line, index) => (pattern.test(line) ? [{ line: index + 1, message }] : []));
}

const RULES: readonly Rule[] = [
  { name: "layers", applies: (path) => isLayered(path), check: checkLayers },
  { name: "apps-imports", applies: (path) => isCode(path) && path.startsWith("apps/"), check: checkAppImports },
  { name: "deep-import", applies: isCode, check: checkDeepImports },
  { name: "file-length", applies: (path) => isCode(path) && !isGenerated(path), check: checkFileLength },
  { name: "function-length", applies: (path) => isCode(path) && !isTest(path), check: checkFunctionLength },
  { name: "line-length", applies: (path) => isCode(path) && !isGenerated(path), check: checkLineLength },
  { name: "sleep", applies: isTest, check: checkSleeps },
  { name: "bare-fail", applies: (path) => isCode(path) && /^(?:packages|apps)\//.test(path), check: checkBareFail },
  codePattern(
    "console",
    (path) => !/^(?:tools|bench|chaos)\/|\/(?:cli|bench)\//.test(path),
    /\bconsole\./,
    "log through the context's logger; only the command line, tools and benchmarks print",
  ),
  codePattern(
    "export-star",
    (path) => /^packages\/[^/]+\/src\/(?:.*\/)?index\.ts$/.test(path),
    /\bexport\s*(?:type\s*)?\*/,
    "list the names: the public face is explicit",
  ),
  codePattern(
    "only",
    isTest,
    /\b(?:test|it|describe|suite)\.only\(|\bonly:\s*true\b/,
    "remove it: the other tests would not run; to pick a test use npm test -- --name <words>",
  ),
  textPattern("unfinished", UNFINISHED, "do it, or write the limit into docs/ARCHITECTURE.md"),
  textPattern("forbidden-word", FORBIDDEN, "say it without naming a tool or a ticket"),
];

function isLayered(path: string): boolean {
  return isCode(path) && !isTest(path) && /^packages\/lineshaft\/src\/[^/]+\//.test(path);
}

/** The path from the root that a relative specifier names; null for a package or a built-in module. */
function resolveRelative(path: string, specifier: string): string | null {
  return specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier) : null;
}

function checkLayers({ path, imports }: Source): readonly Report[] {
  const own = path.split("/")[3] as string;
  const rankOf = (folder: string): number => LAYERS.findIndex((layer) => layer.includes(folder));
  if (rankOf(own) === -1) return [{ line: 1, message: `the folder ${own} has no place in LAYERS (tools/tidy.ts)` }];
  return imports.flatMap(({ line, specifier }) => {
    if (/^lineshaft(?:\/|$)/.test(specifier)) {
      return [{ line, message: `import the file, not "${specifier}": a package does not go through its own face` }];
    }
    const target = resolveRelative(path, specifier);
    if (target === null || !target.startsWith("packages/lineshaft/src/")) return [];
    const folder = target.split("/").length > 4 ? (target.split("/")[3] as string) : null;
    if (folder === own || (folder !== null && rankOf(folder) !== -1 && rankOf(folder) < rankOf(own))) return [];
    const what = folder === null ? `the entry point ${target.split("/")[3]}` : `${folder}, which is not before it`;
    return [{ line, message: `${own} imports ${what}: move the code down, or pass it in` }];
  });
}

/** Packages that the apps may use: those that `apps/package.json` names. */
function appPackages(): ReadonlySet<string> {
  const manifest = JSON.parse(readFileSync(join(ROOT, "apps/package.json"), "utf8")) as { dependencies?: object };
  return new Set(Object.keys(manifest.dependencies ?? {}));
}

const APP_PACKAGES = appPackages();

function checkAppImports({ path, imports }: Source): readonly Report[] {
  const [, app] = path.split("/") as [string, string];
  const isEntry = path.split("/").length === 2;
  // A page is built from packages of its own, which its workspace names.
  const isPage = path.startsWith(`apps/${app}/web/`) || path.startsWith("apps/web-shared/");
  return imports.flatMap(({ line, specifier }) => {
    if (/^(?:node:.*|lineshaft(?:\/[\w-]+)?)$/.test(specifier)) return [];
    const target = resolveRelative(path, specifier);
    if (target === null && isPage) return [];
    if (APP_PACKAGES.has(specifier)) return [];
    if (target === null) {
      return [{ line, message: `"${specifier}": an app uses only lineshaft, node:* and what apps/package.json names` }];
    }
    const isOwn = isEntry ? target.startsWith("apps/") : target.startsWith(`apps/${app}/`);
    if (isOwn || /^apps\/[^/]+\/model\.ts$/.test(target)) return [];
    return [{ line, message: `"${specifier}": an app imports its own files, and of others only their model.ts` }];
  });
}

function checkDeepImports({ path, imports }: Source): readonly Report[] {
  const packageOf = (file: string): string => /^packages\/[^/]+/.exec(file)?.[0] ?? "";
  return imports.flatMap(({ line, specifier }) => {
    if (/^lineshaft\/(?:.+\/|.+\.[jt]s$)/.test(specifier)) {
      return [{ line, message: `"${specifier}" is not an entry point: export what you need from one` }];
    }
    const target = resolveRelative(path, specifier);
    if (target === null || packageOf(target) === "" || /^(?:tools|bench|chaos)\//.test(path)) return [];
    if (packageOf(target) === packageOf(path)) return [];
    return [{ line, message: `"${specifier}" reaches into ${packageOf(target)}: import the package by its name` }];
  });
}

function checkFileLength({ maskedLines }: Source): readonly Report[] {
  const count = maskedLines.filter((line) => line.trim() !== "").length;
  if (count <= CODE_LINES_MAX) return [];
  return [{ line: 1, message: `${count} lines of code; the limit is ${CODE_LINES_MAX}. Split it by idea` }];
}

function checkFunctionLength({ masked }: Source): readonly Report[] {
  return functionsOf(masked).flatMap(({ line, lineCount }) => {
    if (lineCount <= FUNCTION_LINES_MAX) return [];
    return [{ line, message: `a function of ${lineCount} lines; the limit is ${FUNCTION_LINES_MAX}. Move leaves out` }];
  });
}

function checkLineLength({ lines }: Source): readonly Report[] {
  return lines.flatMap((line, index) => {
    if (line.length <= LINE_CHARACTERS_MAX || /https?:\/\//.test(line)) return [];
    return [{ line: index + 1, message: `${line.length} characters; the limit is ${LINE_CHARACTERS_MAX}` }];
  });
}

function checkSleeps({ maskedLines }: Source): readonly Report[] {
  const sleep = /\bawait (?:setTimeout|sleep|delay|wait)\(|\(\(?\w+\)? =>\s*(?:void )?setTimeout\(\w+,/;
  const helper = /\b(?:poll|until)\w*\b.*[({]\s*$|\bfunction\s*\*?\s*(?:poll|until)/i;
  return maskedLines.flatMap((line, index) => {
    if (!sleep.test(line)) return [];
    const above = maskedLines.slice(Math.max(0, index - HELPER_LINES_MAX), index);
    if (above.some((candidate) => helper.test(candidate))) return [];
    return [{ line: index + 1, message: "move the clock, or poll with a deadline in a helper named poll… or until…" }];
  });
}

function checkBareFail({ masked }: Source): readonly Report[] {
  const message = "write `throw fail(…)`: the compiler then knows that the code below is not reached";
  return [...masked.matchAll(/(?:^|[;{}]|\belse|\bif \(.*\))\s*(?=fail\()/gm)].flatMap((match) => {
    const start = match.index + match[0].length;
    // A line that goes on from the one above, as after `??`, is not a statement.
    if (/(?:[=(,?:|&]|\breturn|\bthrow|=>)\s*$/.test(masked.slice(0, start).trimEnd())) return [];
    return [{ line: lineOf(masked, start), message }];
  });
}

function readSource(path: string, text: string): Source {
  const masked = isCode(path) ? mask(text) : "";
  return {
    path,
    text,
    lines: text.split("\n"),
    masked,
    maskedLines: masked.split("\n"),
    imports: isCode(path) ? importsOf(text, masked) : [],
  };
}

/** Checks one file, as if it lay at `path` (from the root, with forward slashes). */
export function tidyText(path: string, text: string): readonly Finding[] {
  const source = readSource(path, text);
  return RULES.filter((rule) => rule.applies(path)).flatMap((rule) =>
    rule.check(source).map((report) => ({ path, rule: rule.name, ...report })),
  );
}

/** Checks every text file below `root` that is neither installed nor built. */
export function tidy(root: string): { readonly fileCount: number; readonly findings: readonly Finding[] } {
  const options = { cwd: root, exclude: (path: string) => SKIPPED.test(path.replaceAll("\\", "/")) };
  const paths = globSync(["*", ".ci/*", "{apps,bench,chaos,docs,migrations,packages,tools}/**"], options)
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => (TEXT.test(path) || path.startsWith(".ci/")) && statSync(join(root, path)).isFile())
    .toSorted();
  const findings = paths.flatMap((path) => tidyText(path, readFileSync(join(root, path), "utf8")));
  return { fileCount: paths.length, findings };
}

function main(): void {
  const { fileCount, findings } = tidy(ROOT);
  for (const { path, line, rule, message } of findings) console.log(`${path}:${line}  ${rule}  ${message}`);
  console.log(`tidy: ${fileCount} files, ${findings.length} findings`);
  if (findings.length > 0) process.exitCode = 1;
}

if (import.meta.main) main();
