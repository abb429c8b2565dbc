/** The client in a real browser, on a page of the app itself: calls, subscriptions and the hook. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createClient } from "@lineshaft/client";
import * as accounts from "lineshaft/accounts";
import { poll, startTestApp, type TestApp } from "lineshaft/testkit";
import { type Browser, chromium, type Page } from "playwright-core";
import { bundle } from "./bundle.ts";
import * as notes from "./notes.ts";

const CHROMIUM = "/usr/bin/chromium";
const FLAGS = [
  "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run",
  "--disable-background-networking --disable-component-update --disable-sync",
];
const HTML = '<!doctype html><title>Notes</title><link rel="icon" href="data:,"><body></body>';
const ANSWER_MS_MAX = 10_000;

function missingBrowser(): string | false {
  if (existsSync(CHROMIUM)) return false;
  const why = `${CHROMIUM} is not there: apt-get install chromium`;
  if (process.env["CI"]) throw new Error(why);
  return why;
}

describe("in a browser", { skip: missingBrowser() }, () => {
  let folder: string;
  let app: TestApp;
  let browser: Browser;
  let page: Page;
  const failures: string[] = [];
  /** What the page sends on its socket. */
  const sent: string[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "lineshaft-client-"));
    await writeFile(join(folder, "index.html"), `${HTML}<script type="module" src="page.js"></script>`);
    await writeFile(join(folder, "page.js"), await bundle(join(import.meta.dirname, "page.ts")));
    const sites = { "/page/": pathToFileURL(`${folder}/`) };
    app = await startTestApp({ services: { accounts, notes }, sites }, { settings: { relay: "auto" } });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS.join(" ").split(" ") });
    page = await browser.newPage();
    page.setDefaultTimeout(ANSWER_MS_MAX);
    page.on("pageerror", (error) => failures.push(error.message));
    page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => void sent.push(String(payload))));
  });
  after(async () => {
    await browser?.close();
    await app?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const shows = (text: string, count = 1) =>
    poll(async () => {
      assert.deepEqual(await page.locator("p").allTextContents(), Array(count).fill(text));
      return true;
    });
  const press = (name: string) => page.getByRole("button", { name, exact: true }).click();
  const add = (title: string) => app.as(null).call(notes.add, { board: "a", title });

  test("the hook shows the answer, and every change of it, once for all who ask", async () => {
    await page.goto(`${app.url}/page/`);
    await shows("a: ", 2);
    await add("one");
    await shows("a: one", 2);
    assert.equal(sent.length, 1, sent.join("\n"));
  });

  test("calls go out with cookies and positions, and fail as problems", async () => {
    const asked = "{ path: 'ü', tags: ['a', '&'], header: 'é' }";
    const found = page.evaluate(`client.notes.echo(${asked}).then(({ path, tags, header }) => [path, tags, header])`);
    assert.deepEqual(await found, ["ü", ["a", "&"], "é"]);
    const refused = page.evaluate("client.notes.remove({ id: 'no' }).catch(({ name, code }) => [name, code])");
    assert.deepEqual(await refused, ["Problem", "INVALID_INPUT"]);
  });

  test("a guess is shown at once, taken back on failure, and gives way to the truth", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    await page.route("**/boards/a/notes", async (route) => {
      if (route.request().method() === "POST") await promise;
      await route.continue();
    });
    await press("add");
    await shows("a: one two?", 2);
    resolve();
    await shows("a: one two", 2);
    await press("add");
    await shows("a: one two", 2);
  });

  test("a page that is online again goes on at once", async () => {
    sent.length = 0;
    await page.context().setOffline(true);
    await page.context().setOffline(false);
    await poll(() => sent.length > 0, { what: "a subscription on a new socket" });
    assert.ok((JSON.parse(sent[0]!) as { position?: string }).position);
    await add("three");
    await shows("a: one two three", 2);
  });

  test("a page of another origin calls, where the service lets it", async () => {
    const other = await browser.newPage();
    await other.goto(`${app.url.replace("127.0.0.1", "localhost")}/health/live`);
    const code = await bundle(fileURLToPath(import.meta.resolve("@lineshaft/client")));
    const url = `data:text/javascript;base64,${Buffer.from(code).toString("base64")}`;
    const calls = `import("${url}").then(async ({ createClient }) => {
      const { notes } = createClient({ url: "${app.url}" });
      const { id, title } = await notes.add({ board: "far", title: "from afar" });
      const [found] = await notes.board({ board: "far" });
      return [title, found.id === id];
    })`;
    assert.deepEqual(await other.evaluate(calls), ["from afar", true]);
  });

  test("a component is a member while it is there, once, with its latest state", async () => {
    sent.length = 0;
    const says = (text: string) =>
      poll(async () => {
        assert.deepEqual(await page.locator("i").allTextContents(), [text]);
        return true;
      });
    const client = createClient<{ notes: typeof notes }>({ url: app.url });
    using _ = { [Symbol.dispose]: client.$close };
    const heard: string[] = [];
    const onMessage = ({ name }: { readonly name: string }) => void heard.push(name);
    const other = client.notes.desk.join({ board: "a" }, { state: { status: "here" }, onMessage });
    const others = () => other.state().members.map(({ state }) => state.status);
    await poll(() => others().length === 1);
    await press("sit");
    await says("here,(here)");
    await press("away");
    await says("here,(away)");
    await press("type");
    await poll(() => heard.length === 1);
    for (const _ of "ab") other.send("typing");
    await says("here,(away) typing at a typing at a");
    assert.deepEqual(others(), ["here", "away"]);
    await press("move");
    await says("(away) typing at a typing at a");
    await poll(() => others().length === 1);
    await press("wait");
    await says(" typing at a typing at a");
    await press("rise");
    await poll(async () => (await page.locator("i").count()) === 0);
    const types = sent.map((text) => JSON.parse(text).type);
    assert.deepEqual(types, ["join", "state", "send", "unsubscribe", "join", "unsubscribe"]);
  });

  test("another input is another question, a problem is told, and nothing is asked for null", async () => {
    sent.length = 0;
    await press("other");
    await shows("b: ");
    assert.deepEqual(sent.map((text) => JSON.parse(text).type).sort(), ["subscribe", "unsubscribe"]);
    await press("bad");
    await shows(`${"x".repeat(100)}: INVALID_INPUT`);
    await press("none");
    await shows("null: …");
    assert.deepEqual(failures, []);
  });
});
