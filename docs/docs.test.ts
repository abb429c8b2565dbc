/**
 * The docs are true: every TypeScript block is type-checked, every shell command is run or is one that another test
 * runs, every JSON block that follows a command is what the command answers, every link leads somewhere.
 *
 * A block says what it is behind its language: `ts file=links.ts` names a file, so that later blocks of the same page
 * can import it. Blocks that name a test file are run as tests. A page whose blocks hold an `app.ts` is run: its `curl`
 * lines ask that app, on a port of the test's.
 */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { after, describe, test } from "node:test";
import { promisify } from "node:util";

const ROOT = join(import.meta.dirname, "..");
const WORK = join(ROOT, "bench/.generated/docs");
const PAGES = ["README.md", "CHANGELOG.md", ...globSync("docs/**/*.md", { cwd: ROOT })].sort();
const START_MS = 60_000;
/** Commands whose truth other tests show: the two commands, the build, the tarballs, the command line's own tests. */
const SHOWN_ELSEWHERE = [
  /^(?:npm (?:start|test|run [\w-]+|ci|install)\b|git |cd |mkdir |openssl |export |[A-Z_]+=\S+ npm start)/,
  /^npm init -y && npm pkg set type=module$/, // npm's own
  /^npm create lineshaft my-app$/, // packages/create-lineshaft/test/create.test.ts
  // packages/lineshaft/test/cli
  /^npx lineshaft check cache(?: --node http:\/\/127\.0\.0\.1:\d+)*$/,
  /^npx lineshaft (?:dev|doctor|migrate plan|migrate apply(?: --allow [\w:.-]+)?|new orders)$/,
  /^npx lineshaft events(?: --dead| show (?:3|w7)| retry (?:w7|--handler [\w.]+)| replay [\w.]+ --since 2h --yes)?$/,
  /^node packages\/lineshaft\/src\/readset\/test\/long-run\.ts 1 5$/, // readset/random.test.ts
];

interface Block {
  readonly language: string;
  readonly file: string | undefined;
  readonly text: string;
  readonly line: number;
}

function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  const lines = readFileSync(join(ROOT, page), "utf8").split("\n");
  let open: { info: string; start: number } | null = null;
  for (const [index, line] of lines.entries()) {
    if (!line.startsWith("```")) continue;
    if (!open) {
      open = { info: line.slice(3).trim(), start: index };
      continue;
    }
    const [language = "", ...words] = open.info.split(/\s+/);
    const file = words.find((word) => word.startsWith("file="))?.slice("file=".length);
    blocks.push({ language, file, text: `${lines.slice(open.start + 1, index).join("\n")}\n`, line: open.start + 1 });
    open = null;
  }
  assert.equal(open, null, `${page}: a code block does not end`);
  return blocks;
}

function folderOf(page: string): string {
  return join(WORK, page.replaceAll("/", "-").replace(/\.md$/, ""));
}

function writeBlocks(): void {
  rmSync(WORK, { recursive: true, force: true });
  for (const page of PAGES) {
    const folder = folderOf(page);
    mkdirSync(folder, { recursive: true });
    for (const [index, { language, file, text }] of blocksOf(page).entries()) {
      if (language === "ts") writeFileSync(join(folder, file ?? `block-${index}.ts`), text);
    }
  }
  const config = { extends: "../../../tsconfig.json", include: ["**/*.ts"], exclude: [] };
  writeFileSync(join(WORK, "tsconfig.json"), JSON.stringify(config));
}

const run = promisify(execFile);

describe("the code in the docs", () => {
  writeBlocks();
  after(() => rmSync(WORK, { recursive: true, force: true }));

  test("type-checks", async () => {
    const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
    await run(process.execPath, [compiler, "-p", WORK, "--pretty", "false"]).catch((error: { stdout: string }) => {
      assert.fail(error.stdout);
    });
  });

  test("is in languages that are checked", () => {
    for (const page of PAGES) {
      for (const { language, line } of blocksOf(page)) {
        assert.match(language, /^(?:ts|sh|json|sql|text)$/, `${page}:${line}: "${language}"`);
      }
    }
  });

  for (const page of PAGES) {
    const blocks = blocksOf(page);
    const commands = blocks.filter(({ language }) => language === "sh").flatMap(({ text }) => commandsOf(text));
    const unknown = commands.filter(
      (command) => !command.startsWith("curl ") && !SHOWN_ELSEWHERE.some((pattern) => pattern.test(command)),
    );
    test(`${page} has no command that nobody runs`, () => assert.deepEqual(unknown, []));
    const tests = blocks.flatMap(({ file }) => (file?.endsWith(".test.ts") ? [join(folderOf(page), file)] : []));
    if (tests.length > 0) test(`${page}: its tests pass`, { timeout: 2 * START_MS }, () => runTests(tests));
    if (!commands.some((command) => command.startsWith("curl "))) continue;
    const entry = blocks.some(({ file }) => file === "app.ts")
      ? join(folderOf(page), "app.ts")
      : join(ROOT, "apps/main.ts");
    test(`${page}: its requests answer what it says`, { timeout: 2 * START_MS }, () => askPage(blocks, entry));
  }
});

/** Tests of a page, as their reader runs them. */
async function runTests(files: readonly string[]): Promise<void> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  await run(process.execPath, ["--test", ...files], { env }).catch((error: { stdout: string }) => {
    assert.fail(error.stdout);
  });
}

/** The commands of a shell block; a line that ends with a backslash goes on. */
function commandsOf(text: string): string[] {
  return text
    .replaceAll("\\\n", " ")
    .split("\n")
    .map((line) => line.replace(/\s+#.*$/, "").trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

async function askPage(blocks: readonly Block[], entry: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "lineshaft-docs-"));
  const environment = {
    ...process.env,
    PORT: "0",
    METRICS_PORT: "0",
    LINESHAFT_DATA: folder,
    LOG_LEVEL: "silent",
    CI: "",
  };
  const cwd = entry.startsWith(WORK) ? dirname(entry) : ROOT;
  const child = spawn(process.execPath, [entry], { cwd, env: environment, stdio: ["ignore", "pipe", "pipe"] });
  try {
    const url = await urlOf(child);
    for (const [index, block] of blocks.entries()) {
      if (block.language !== "sh") continue;
      const answers: string[] = [];
      for (const command of commandsOf(block.text)) {
        if (!command.startsWith("curl ")) continue;
        const asked = command
          .replace(/http:\/\/(?:localhost|127\.0\.0\.1):4000/g, url)
          .replace(/localhost:4000/g, url.slice(7));
        const { stdout } = await run("bash", ["-c", asked.replace(/^curl /, "curl -sS --max-time 20 ")]);
        answers.push(stdout);
      }
      const shown = blocks[index + 1];
      if (shown?.language === "json") {
        assert.deepEqual(normal(answers.at(-1) ?? "", url), normal(shown.text, url), `line ${shown.line}`);
      }
    }
  } finally {
    child.kill("SIGTERM");
    await once(child, "exit");
    rmSync(folder, { recursive: true, force: true });
  }
}

function urlOf(child: ReturnType<typeof spawn>): Promise<string> {
  return new Promise((resolveUrl, reject) => {
    let output = "";
    const read = (chunk: Buffer) => {
      output += chunk;
      const url = /API\s+(http:\S+)/.exec(output)?.[1];
      if (url) resolveUrl(url);
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.on("exit", (code) => reject(new Error(`The app ended with ${code}:\n${output}`)));
  });
}

/** JSON with ids, instants, tokens and the port made equal. */
function normal(text: string, url: string): unknown {
  return JSON.parse(
    text
      .replaceAll(url, "http://localhost:4000")
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, "ID")
      .replace(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, '"INSTANT"')
      .replace(/"requestId":\s*"[^"]*"/g, '"requestId":"REQUEST"'),
  );
}

describe("the links in the docs", () => {
  for (const page of PAGES) {
    test(`${page} links to files that are there`, () => {
      const text = readFileSync(join(ROOT, page), "utf8").replace(/```[\s\S]*?```/g, "");
      for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^(?:https?:|mailto:|#)/.test(target)) continue;
        const path = resolve(ROOT, dirname(page), target.split("#", 1)[0]!);
        assert.ok(existsSync(path), `${page} links to ${relative(ROOT, path)}`);
      }
    });

    test(`${page} names paths that are there`, () => {
      const text = readFileSync(join(ROOT, page), "utf8").replace(/```[\s\S]*?```/g, "");
      for (const [, path = ""] of text.matchAll(/`((?:packages|apps|tools|docs|bench)\/[\w./-]+)`/g)) {
        assert.ok(existsSync(join(ROOT, path)), `${page} names ${path}`);
      }
    });
  }

  test("the README holds the todo service whole", () => {
    const readme = readFileSync(join(ROOT, "README.md"), "utf8");
    assert.ok(readme.includes(readFileSync(join(ROOT, "apps/todo/todo.ts"), "utf8")));
  });
});
