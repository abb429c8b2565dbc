/** The reference page in a real browser, on a server of its own; nothing else may be reached. */
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { brotliDecompress, gunzip } from "node:zlib";
import { type Browser, chromium, type Page } from "playwright-core";
import { collect } from "../define/declarations.ts";
import { entity } from "../define/entity.ts";
import { field } from "../define/field.ts";
import { service } from "../define/service.ts";
import { page as pageOf } from "../define/shape.ts";
import { send } from "./answer.ts";
import type { Page as ServedPage } from "./exchange.ts";
import { openApiDocument } from "./openapi.ts";
import { DOCUMENT_PATH, REFERENCE_PATH, referencePage, referencePages, referenceScript } from "./reference.ts";

const CHROMIUM = "/usr/bin/chromium";
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const VIEWPORTS = [
  { width: 1280, height: 800 },
  { width: 390, height: 800 },
];
const TITLE = `Todos & "more" <b>`;

class Todo extends entity("todo", { id: field.id(), title: field.text({ min: 1, max: 200 }), made: field.now() }) {}
const never = async (): Promise<never> => {
  throw new Error("The page is made without running anything.");
};
const todos = service("todos", { entities: { Todo }, description: "Things to do.", authenticate: never });
const MODULES = {
  todos: {
    list: todos.query("GET /todos", { summary: "Lists todos", actor: "anyone", output: pageOf(Todo), run: never }),
    add: todos.command("POST /todos", {
      summary: "Adds a todo",
      actor: "anyone",
      input: Todo.pick("title"),
      output: Todo,
      status: 201,
      run: never,
    }),
  },
};

/** A server with the page, the document, and an API that tells what it was sent. */
class Site {
  readonly calls: { method: string; url: string; cookie: string | undefined; body: string }[] = [];
  readonly #server: Server;

  constructor() {
    const document = JSON.stringify(openApiDocument(collect(MODULES), { title: TITLE, version: "1.0.0" }));
    const pages = new Map<string, ServedPage>(referencePages(TITLE));
    pages.set(DOCUMENT_PATH, () => ({ status: 200, body: document, tagged: true }));
    this.#server = createServer(async (request, response) => {
      const { method = "", url = "" } = request;
      const served = pages.get(url);
      if (served) return void (await send(request, response, await served(request)));
      let body = "";
      for await (const chunk of request) body += chunk;
      this.calls.push({ method, url, cookie: request.headers.cookie, body });
      await send(request, response, { status: 201, body: JSON.stringify({ title: "It arrived" }) });
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** What a page did that it should not. */
function watch(page: Page, origin: string): string[] {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("request", (request) => {
    if (!/^(?:data|blob):/.test(request.url()) && !request.url().startsWith(`${origin}/`)) {
      complaints.push(`request: ${request.url()}`);
    }
  });
  return complaints;
}

const absent = existsSync(CHROMIUM) ? false : `${CHROMIUM} is not installed: apt-get install -y chromium`;
describe("the reference page in a browser", { skip: process.env["CI"] ? false : absent }, () => {
  const site = new Site();
  const elsewhere = new Site();
  let browser: Browser;
  let origin: string;

  before(async () => {
    origin = await site.start();
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
  });
  after(async () => {
    await browser?.close();
    await site.stop();
  });

  for (const viewport of VIEWPORTS) {
    test(`shows the document and sends a request, reaching no other host, ${viewport.width} wide`, async () => {
      const context = await browser.newContext({ viewport });
      await context.addCookies([{ name: "session", value: "abc", url: origin }]);
      const page = await context.newPage();
      const complaints = watch(page, origin);
      await page.goto(`${origin}${REFERENCE_PATH}`);
      assert.equal(await page.title(), TITLE);
      await page.getByText("Things to do.").first().waitFor();
      await page.getByText("/todos", { exact: true }).nth(1).click();
      await page.getByRole("button", { name: /Test Request.*post/i }).click();
      const [answered] = await Promise.all([
        page.waitForResponse(`${origin}/todos`),
        page.getByRole("button", { name: /^Send post/ }).click(),
      ]);
      assert.equal(answered.status(), 201);
      await page.getByText('"It arrived"').first().waitFor();
      const body = '{"title":"Write the report"}';
      assert.deepEqual(site.calls.splice(0), [{ method: "POST", url: "/todos", cookie: "session=abc", body }]);
      const scrollable = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
      assert.equal(await page.evaluate(scrollable), 0, "nothing stands out to the right");
      assert.deepEqual(complaints, []);
      await context.close();
    });
  }

  test("may not reach another origin, nor run a script that is written into it", async () => {
    await using other = { origin: await elsewhere.start(), [Symbol.asyncDispose]: () => elsewhere.stop() };
    const page = await browser.newPage();
    const complaints = watch(page, origin);
    await page.goto(`${origin}${REFERENCE_PATH}`);
    const outcome = await page.evaluate(`(async () => {
      const script = document.createElement("script");
      script.textContent = "window.injected = true";
      document.body.append(script);
      const reached = await fetch(${JSON.stringify(other.origin)}).then(() => "reached", () => "refused");
      return { injected: window.injected === true, reached };
    })()`);
    assert.deepEqual(outcome, { injected: false, reached: "refused" });
    assert.ok(complaints.length >= 2, "the watch above would have seen it");
    assert.deepEqual(elsewhere.calls, []);
    await page.close();
  });
});

describe("the reference page", () => {
  test("has no inline script and escapes what it is given", () => {
    const html = referencePage({ title: TITLE, documentUrl: "/a?b&c", scriptUrl: `/"><script>` });
    assert.match(html, /<title>Todos &amp; &quot;more&quot; &lt;b&gt;<\/title>/);
    assert.deepEqual(html.match(/<script.*?<\/script>/gs), [`<script src="/&quot;&gt;&lt;script&gt;"></script>`]);
    assert.match(html, /&quot;url&quot;:&quot;\/a\?b&amp;c&quot;/);
  });

  test("gives its script as the client takes it, always the same", async () => {
    const notice = readFileSync(new URL("../../assets/NOTICE.md", import.meta.url), "utf8");
    const sha256 = /[0-9a-f]{64}/.exec(notice)?.[0];
    const [br, gz, plain] = await Promise.all(["gzip, br", "gzip", "identity"].map((each) => referenceScript(each)));
    assert.deepEqual([br!.encoding, gz!.encoding, plain!.encoding], ["br", "gzip", null]);
    assert.equal(hash("sha256", plain!.body), sha256);
    assert.equal(hash("sha256", await promisify(gunzip)(gz!.body)), sha256);
    assert.equal(hash("sha256", await promisify(brotliDecompress)(br!.body)), sha256);
    assert.equal((await referenceScript("br;q=0, gzip;q=0.5")).encoding, "gzip");
  });
});
