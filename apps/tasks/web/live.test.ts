/** The page while others work: what they do appears, also after a node was killed; what is refused is taken back. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import * as accounts from "lineshaft/accounts";
import { poll, startTestApp, type TestApp } from "lineshaft/testkit";
import { missingBrowser, signUp, startBrowser, type Visitor, visit } from "lineshaft-web-shared/test/browser.ts";
import { connectionOf, isLive, Node } from "lineshaft-web-shared/test/node.ts";
import type { Browser, Locator } from "playwright-core";
import * as tasks from "../index.ts";
import { addProject, addTask, cardIn, column } from "./test/project.ts";

describe("the page, live", { skip: missingBrowser() }, () => {
  let app: TestApp;
  let node: Node;
  let browser: Browser;
  let ada: Visitor;
  let other: Visitor;
  let project: string;

  before(async () => {
    app = await startTestApp({ services: { accounts, tasks } }, { settings: { relay: "auto" } });
    node = await Node.start(join(import.meta.dirname, "test/node.ts"), String(app.database));
    browser = await startBrowser();
    ada = await visit(browser, node.url);
    await ada.page.goto(`${node.url}/tasks/`);
    await signUp(ada.page, "Ada", "ada@live.example");
    await addProject(ada.page, "Launch");
    for (const title of ["Write", "Draw"]) await addTask(ada.page, title);
    // A window of its own: a tab in the background is slowed down by the browser.
    other = await visit(browser, node.url, { storageState: await ada.context.storageState() });
    await other.page.goto(ada.page.url());
    project = ada.page.url().split("/").at(-2)!;
    for (const { page } of [ada, other]) await isLive(page);
  });
  after(async () => {
    await browser?.close();
    await node?.stop();
    await app?.stop();
  });

  /** Changes tasks as somebody in `psql` does. */
  async function inDatabase(title: string, status: string): Promise<void> {
    const client = await app.connect();
    await client.query('update tasks.task set "status" = $2 where "title" = $1', [title, status]);
    await client.end();
  }

  test("a card that is moved in one tab moves in the other, and in one that searches", async () => {
    await cardIn(ada.page, "To do", "Write").dragTo(column(ada.page, "Doing"));
    await cardIn(other.page, "Doing", "Write").waitFor();
    await other.page.getByRole("searchbox", { name: "Search tasks" }).fill("Write");
    await cardIn(other.page, "To do", "Draw").waitFor({ state: "hidden" });
    await cardIn(ada.page, "Doing", "Write").dragTo(column(ada.page, "Review"));
    await cardIn(other.page, "Review", "Write").waitFor();
    await other.page.getByRole("button", { name: "Clear", exact: true }).click();
    await cardIn(other.page, "To do", "Draw").waitFor();
    assert.deepEqual([...ada.problems, ...other.problems], []);
  });

  test("what is done in the database appears", async () => {
    await inDatabase("Write", "doing");
    for (const { page } of [ada, other]) await cardIn(page, "Doing", "Write").waitFor();
  });

  test("a comment appears, and is counted", async () => {
    await cardIn(other.page, "Doing", "Write").click();
    await other.page.getByText("Nobody has said anything yet.").waitFor();
    await cardIn(ada.page, "Doing", "Write").click();
    await ada.page.getByRole("textbox", { name: "New comment" }).fill("Half of it.");
    await ada.page.getByRole("button", { name: "Comment", exact: true }).click();
    await other.page.getByText("Half of it.").waitFor();
    await other.page.getByRole("tab", { name: "Comments (1)" }).waitFor();
  });

  test("what somebody else changes comes into an open form, and what was written there stays", async () => {
    const [hers, mine] = [ada.page, other.page].map((page) => page.getByRole("dialog")) as [Locator, Locator];
    const field = (form: Locator, name: string) => form.getByRole("textbox", { name });
    const save = async (form: Locator) => {
      await form.getByRole("button", { name: "Save" }).click();
      await form.waitFor({ state: "hidden" });
    };
    await field(mine, "Notes").fill("Mine");
    await field(hers, "Title").fill("Write all");
    await save(hers);
    await poll(async () => (await field(mine, "Title").inputValue()) === "Write all");
    await cardIn(ada.page, "Doing", "Write all").click();
    await field(hers, "Notes").fill("Hers");
    await save(hers);
    await mine.getByText("Saving puts your words in the place of theirs: notes.").waitFor();
    await save(mine);
    await cardIn(ada.page, "Doing", "Write all").click();
    await poll(async () => (await field(hers, "Notes").inputValue()) === "Mine");
    await hers.getByRole("button", { name: "Close" }).click();
    assert.deepEqual([...ada.problems, ...other.problems], []);
  });

  test("a move is shown before the server answers, and taken back when it refuses", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const archived = { status: 409, code: "PROJECT_ARCHIVED", title: "The project is archived" };
    await other.page.route("**/move", async (route) => {
      await promise;
      await route.fulfill({ status: 409, contentType: "application/problem+json", body: JSON.stringify(archived) });
    });
    await cardIn(other.page, "To do", "Draw").dragTo(column(other.page, "Done"));
    await cardIn(other.page, "Done", "Draw").waitFor();
    await inDatabase("Write all", "review");
    await cardIn(other.page, "Review", "Write all").waitFor();
    assert.equal(await cardIn(other.page, "Done", "Draw").count(), 1, "the guess stays over the news of others");
    resolve();
    await other.page.getByRole("alert").getByText("The project is archived").waitFor();
    await cardIn(other.page, "To do", "Draw").waitFor();
    await other.page.unroute("**/move");
    await other.page.getByRole("button", { name: "Dismiss: The task could not be moved" }).click();
    other.problems.length = 0;
  });

  test("a node that is killed: the page says so, takes back what is lost, and is current when it is back", async () => {
    await node.kill();
    for (const { page } of [ada, other]) await connectionOf(page).getByText("Reconnecting").waitFor();
    await cardIn(other.page, "To do", "Draw").dragTo(column(other.page, "Done"));
    await other.page.getByRole("alert").getByText("The server cannot be reached").waitFor();
    await cardIn(other.page, "To do", "Draw").waitFor();
    await inDatabase("Draw", "doing");
    await node.restart();
    for (const { page } of [ada, other]) {
      await isLive(page);
      await cardIn(page, "Doing", "Draw").waitFor();
    }
    for (const { problems } of [ada, other]) problems.length = 0;
  });

  test("many pages are one list: a card moves across their border", async () => {
    const { rows } = await owner();
    const actor = { id: rows[0]!.account };
    for (let number = 1; number <= 120; number++) {
      await app.as(actor).call(tasks.createTask, { project, title: `Task ${number}`, status: "canceled" });
    }
    await cardIn(other.page, "Canceled", "Task 120").waitFor();
    const first = await app.as(actor).call(tasks.projectTasks, { project, limit: 1 });
    await app.as(actor).call(tasks.moveTask, { project, task: first.items[0]!.id, before: null, status: "canceled" });
    const last = column(other.page, "Canceled").locator(".card-title").last();
    await poll(async () => (await last.textContent()) === first.items[0]!.title);
    assert.equal(await other.page.locator(".card-title").count(), 122);
    assert.deepEqual(other.problems, []);
  });

  test("signing out in one tab ends what the other shows", async () => {
    await ada.page.getByRole("button", { name: "Account of Ada" }).click();
    await ada.page.getByRole("menuitem", { name: "Sign out" }).click();
    for (const { page } of [ada, other]) await page.getByRole("heading", { name: "Sign in" }).waitFor();
    assert.equal(await other.page.getByText("Task 120").count(), 0);
    assert.deepEqual([...ada.problems, ...other.problems], []);
  });

  async function owner() {
    const client = await app.connect();
    try {
      return await client.query<{ account: string }>("select account from tasks.member");
    } finally {
      await client.end();
    }
  }
});
