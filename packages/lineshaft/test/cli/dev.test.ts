/** `lineshaft dev` and `lineshaft start`, as real processes with real changes of files. */
import assert from "node:assert/strict";
import { type ChildProcess, spawnSync } from "node:child_process";
import { once } from "node:events";
import { describe, test } from "node:test";
import { freePort } from "../../src/testkit/index.ts";
import { linksText, Project, poll } from "./project.ts";

const ROUNDS = 5;

const urlIn = (output: string): string | null => /API +(http:\S+)/.exec(output)?.[1] ?? null;

async function wordAt(url: string): Promise<string | null> {
  try {
    return ((await (await fetch(`${url}/word`)).json()) as { word: string }).word;
  } catch {
    return null;
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const closed = once(child, "close");
  child.kill(signal);
  const [code] = (await closed) as [number | null];
  return code;
}

/** Ids of the processes whose command line or working folder names the folder. */
function processesOf(folder: string): string {
  return spawnSync("pgrep", ["-f", folder], { encoding: "utf8" }).stdout.trim();
}

describe("lineshaft dev", { timeout: 240_000 }, () => {
  test("serves what was saved, on the same database; the figures say how soon", async (context) => {
    await using project = new Project();
    const { child, output } = project.spawn(["dev"], { PORT: String(await freePort()) });
    const url = await poll("the first start", () => urlIn(output()));
    const body = JSON.stringify({ code: "kept" });
    const headers = { "content-type": "application/json" };
    assert.equal((await fetch(`${url}/links`, { method: "POST", headers, body })).status, 200);

    const times: number[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      const word = `word ${round}`;
      const savedAtMs = performance.now();
      project.write("links.ts", linksText({ word }));
      await poll(word, async () => ((await wordAt(url)) === word ? true : null));
      times.push(performance.now() - savedAtMs);
      await poll("the line about it", () => (output().split("serving again").length > round ? true : null));
    }
    context.diagnostic(`restarts: ${times.map((each) => `${each.toFixed(0)} ms`).join(", ")}`);
    assert.equal(output().split("starting Postgres").length, 2, "Postgres was started once");
    const again = await fetch(`${url}/links`, { method: "POST", headers, body });
    assert.equal(again.status, 409, "what was written before is still there");
    assert.equal(await end(child, "SIGTERM"), 0);
    assert.equal(processesOf(project.folder), "", "no process stays");
  });

  test("shows what is wrong with a file, and goes on with the next change", async () => {
    await using project = await Project.withCluster();
    const { child, output } = project.spawn(["dev"], { PORT: String(await freePort()) });
    const url = await poll("the first start", () => urlIn(output()));
    project.write("links.ts", "export const = 1;\n");
    await poll("the mistake", () => (/links\.ts:1[\s\S]*waiting for a change/.test(output()) ? true : null));
    assert.equal(await wordAt(url), null);
    project.write("links.ts", linksText({ word: "mended" }));
    await poll("the app", async () => ((await wordAt(url)) === "mended" ? true : null));

    project.write("links.ts", linksText().replace('entities: { Link }, actor: "anyone"', "entities: { Link }"));
    await poll("a wrong declaration", () => (/mistake in the declarations/.test(output()) ? true : null));
    project.write("links.ts", linksText({ word: "again" }));
    await poll("the app", async () => ((await wordAt(url)) === "again" ? true : null));
    assert.equal(await end(child, "SIGINT"), 0);
  });

  test("a command works beside it, on its database; tests, migrations and pages are no change", async () => {
    await using project = await Project.withCluster();
    project.write("web/vite.config.ts", "\n");
    project.write("web/src/page.tsx", "\n");
    const { child, output } = project.spawn(["dev"]);
    await poll("the first start", () => urlIn(output()));
    assert.match(await project.output("migrate", "status"), /0001_initial +applied/);
    project.write("links.test.ts", "// nothing\n");
    project.write("migrations/notes.json", "{}\n");
    project.write("web/src/page.tsx", "// nothing\n");
    project.write("node_modules/other/index.js", "\n");
    project.write("links.ts", linksText({ word: "two" }));
    await poll("one restart", () => (/links\.ts changed: serving/.test(output()) ? true : null));
    assert.match(output(), /● links\.ts changed/);
    assert.equal(output().split("changed").length, 2);
    await end(child, "SIGKILL");
    await poll("the end of all it had", () => (processesOf(project.folder) === "" ? true : null));
  });

  test("is not for production", async () => {
    await using project = new Project();
    const { code, stderr } = await project.run(["dev"], { NODE_ENV: "production" });
    assert.equal(code, 1);
    assert.match(stderr, /lineshaft start/);
  });
});

describe("lineshaft start", { timeout: 120_000 }, () => {
  test("runs the app, and ends with it", async () => {
    await using project = await Project.withCluster();
    const { child, output } = project.spawn(["start"]);
    const url = await poll("the start", () => urlIn(output()));
    assert.equal(await wordAt(url), "one");
    assert.equal(await end(child, "SIGTERM"), 0);
    assert.match(output(), /Ended\./);
  });

  test("that fails ends with 1 and the reason", async () => {
    await using project = new Project();
    const { code, stderr } = await project.run(["start"], { PORT: "port" });
    assert.equal(code, 1);
    assert.match(stderr, /PORT is "port"/);
  });
});
