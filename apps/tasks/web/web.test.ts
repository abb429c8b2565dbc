/** The page in a real browser, against the real app: what people do on it, on two widths and in both colour schemes. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as accounts from "lineshaft/accounts";
import { startTestApp, type TestApp } from "lineshaft/testkit";
import {
  missingBrowser,
  serious,
  signUp,
  startBrowser,
  type Visitor,
  visit,
} from "lineshaft-web-shared/test/browser.ts";
import { testBuild } from "lineshaft-web-shared/test/build.ts";
import type { Browser } from "playwright-core";
import * as tasks from "../index.ts";
import { addProject, addTask, cardIn, column } from "./test/project.ts";

testBuild(import.meta.dirname);

describe("the page", { skip: missingBrowser() }, () => {
  let app: TestApp;
  let browser: Browser;
  let ada: Visitor;

  /** The same account in a profile with another screen or scheme. */
  async function again(options: Parameters<Browser["newContext"]>[0]): Promise<Visitor> {
    const visitor = await visit(browser, app.url, { ...options, storageState: await ada.context.storageState() });
    await visitor.page.goto(ada.page.url().replace(/\/list$/, "/board"));
    await visitor.page.getByRole("region", { name: "To do" }).waitFor();
    return visitor;
  }

  before(async () => {
    app = await startTestApp(
      { services: { accounts, tasks }, sites: { "/tasks/": new URL("./built/", import.meta.url) } },
      { settings: { relay: "auto" } },
    );
    browser = await startBrowser();
    ada = await visit(browser, app.url);
  });
  after(async () => {
    await browser?.close();
    await app?.stop();
  });

  test("somebody signs up, makes a project and adds tasks", async () => {
    const { page, problems } = ada;
    await page.goto(`${app.url}/tasks/`);
    await signUp(page, "Ada Lovelace", "ada@web.example");
    await addProject(page, "Launch");
    for (const title of ["Write the text", "Draw the pictures", "Call the printer"]) await addTask(page, title);
    assert.deepEqual(problems, []);
  });

  test("a task that is dragged to another column stays there", async () => {
    const { page, problems } = ada;
    await cardIn(page, "To do", "Write the text").dragTo(column(page, "Doing"));
    await cardIn(page, "Doing", "Write the text").waitFor();
    await page.waitForLoadState("networkidle");
    await page.reload();
    await cardIn(page, "Doing", "Write the text").waitFor();
    assert.equal(await cardIn(page, "To do", "Write the text").count(), 0);
    assert.deepEqual(problems, []);
  });

  test("a task is moved by keyboard alone, and put back by Escape", async () => {
    const { page, problems } = ada;
    const handle = page.getByRole("button", { name: "Move Call the printer" });
    await handle.focus();
    for (const key of ["Space", "ArrowUp", "ArrowRight", "ArrowRight"]) await page.keyboard.press(key);
    await cardIn(page, "Review", "Call the printer").waitFor();
    await page.keyboard.press("Escape");
    await cardIn(page, "To do", "Call the printer").waitFor();
    await handle.focus();
    const moved = page.waitForResponse((answer) => answer.url().endsWith("/move"));
    for (const key of ["Space", "ArrowUp", "ArrowRight", "Space"]) await page.keyboard.press(key);
    assert.equal((await moved).status(), 200);
    assert.equal(await handle.evaluate((element) => element === document.activeElement), true, "the focus is kept");
    await page.reload();
    const titles = column(page, "Doing").locator(".card-title");
    await titles.first().waitFor();
    assert.deepEqual(await titles.allTextContents(), ["Call the printer", "Write the text"]);
    assert.deepEqual(problems, []);
  });

  test("a move that the server refuses is taken back, and said", async () => {
    const { page, problems } = ada;
    const problem = { type: "urn:x", title: "Not now", status: 409, code: "CONFLICT", detail: "Others were faster." };
    await page.route("**/move", (route) =>
      route.fulfill({ status: 409, contentType: "application/problem+json", body: JSON.stringify(problem) }),
    );
    await cardIn(page, "To do", "Draw the pictures").dragTo(column(page, "Done"));
    await page.getByRole("alert").getByText("Others were faster.").waitFor();
    await cardIn(page, "To do", "Draw the pictures").waitFor();
    await page.unroute("**/move");
    await page.getByRole("button", { name: "Dismiss: The task could not be moved" }).click();
    assert.equal(problems.splice(0).length, 1, "the browser's own line about the 409, and no other");
  });

  test("a task is edited, commented on and logged on", async () => {
    const { page, problems } = ada;
    await cardIn(page, "Doing", "Write the text").click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("textbox", { name: "New comment" }).fill("Half of it is there.");
    await dialog.getByRole("button", { name: "Comment", exact: true }).click();
    await dialog.getByRole("tab", { name: "Comments (1)" }).waitFor();
    await dialog.getByRole("tab", { name: /Work log/ }).click();
    await dialog.getByRole("spinbutton", { name: "Minutes" }).fill("95");
    await dialog.getByRole("button", { name: "Log work" }).click();
    await dialog.getByRole("tab", { name: "Work log (1 h 35 min)" }).waitFor();
    await dialog.getByRole("textbox", { name: "Title" }).fill("Write the whole text");
    await dialog.getByRole("combobox", { name: "Priority" }).click();
    await page.getByRole("option", { name: "Urgent" }).click();
    await dialog.getByRole("combobox", { name: "Labels" }).fill("Copy");
    await page.getByRole("option", { name: "Create label “Copy”" }).click();
    await dialog.getByText("Copy", { exact: true }).first().waitFor();
    await page.keyboard.press("Tab");
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.waitFor({ state: "hidden" });
    const card = page.getByRole("article").filter({ hasText: "Write the whole text" });
    await card.getByText("Urgent").waitFor();
    await card.getByText("Copy").waitFor();
    assert.deepEqual(problems, []);
  });

  test("filters leave what passes them, in the list too", async () => {
    const { page, problems } = ada;
    await page.getByRole("searchbox", { name: "Search tasks" }).fill("pict");
    await page.getByRole("button", { name: "Call the printer", exact: true }).waitFor({ state: "hidden" });
    await cardIn(page, "To do", "Draw the pictures").waitFor();
    await page.getByRole("button", { name: "Clear", exact: true }).click();
    await page.getByText("List", { exact: true }).click();
    await page.getByRole("row", { name: /Call the printer/ }).waitFor();
    await page.getByRole("combobox", { name: "Priority" }).click();
    await page.getByRole("option", { name: "Urgent" }).click();
    await page.getByRole("row", { name: /Call the printer/ }).waitFor({ state: "hidden" });
    await page.getByRole("row", { name: /Write the whole text/ }).waitFor();
    await page.getByRole("button", { name: "Clear", exact: true }).click();
    await page.getByRole("row", { name: /Call the printer/ }).waitFor();
    assert.deepEqual(problems, []);
  });

  for (const colorScheme of ["light", "dark"] as const) {
    test(`${colorScheme}: nothing that keeps people out, on the board, in the list and in dialogs`, async () => {
      const { page, problems, context } = await again({ colorScheme });
      assert.deepEqual(await serious(page), [], "board");
      await page.getByRole("checkbox", { name: "Select Draw the pictures" }).check();
      assert.deepEqual(await serious(page), [], "board with a selection");
      await page.getByRole("button", { name: "Write the whole text", exact: true }).click();
      await page.getByText("Half of it is there.").waitFor();
      assert.deepEqual(await serious(page), [], "task");
      await page.getByRole("button", { name: "Close" }).click();
      await page.getByRole("button", { name: /^Members/ }).click();
      await page.getByRole("button", { name: "Invite" }).waitFor();
      assert.deepEqual(await serious(page), [], "members");
      await page.getByRole("button", { name: "Close" }).click();
      await page.getByText("List", { exact: true }).click();
      await page.getByRole("table").waitFor();
      assert.deepEqual(await serious(page), [], "list");
      assert.deepEqual(problems, []);
      await context.close();
    });
  }

  test("a phone shows everything without scrolling sideways", async () => {
    const { page, problems, context } = await again({ viewport: { width: 390, height: 844 }, hasTouch: true });
    const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.equal(await overflow(), 0, "board");
    await page.getByRole("checkbox", { name: "Select Draw the pictures" }).check();
    assert.equal(await overflow(), 0, "board with a selection");
    await page.getByRole("button", { name: "Filters" }).click();
    assert.equal(await overflow(), 0, "filters");
    await page.getByRole("button", { name: "Draw the pictures", exact: true }).click();
    await page.getByRole("dialog").getByText("Nobody has said anything yet.").waitFor();
    assert.equal(await overflow(), 0, "task");
    await page.getByRole("button", { name: "Close" }).click();
    await page.getByText("List", { exact: true }).click();
    await page.getByRole("table").waitFor();
    assert.equal(await overflow(), 0, "list");
    assert.deepEqual(problems, []);
    await context.close();
  });

  test("many tasks are deleted at once, and what has failed is named and stays selected", async () => {
    const { page, problems } = ada;
    await page.getByRole("checkbox", { name: "Select all tasks" }).check();
    await page.route("**/bulk/change", async (route) => {
      const answer = await route.fetch();
      const { outcomes } = (await answer.json()) as { outcomes: { ok: boolean; code: string | null }[] };
      const [first, ...rest] = outcomes;
      await route.fulfill({ json: { outcomes: [{ ...first, ok: false, code: "VERSION_CONFLICT" }, ...rest] } });
    });
    await page.getByRole("button", { name: "Move", exact: true }).click();
    await page.getByRole("menuitem", { name: "Done" }).click();
    await page.getByRole("dialog").getByText("Somebody else has changed it meanwhile.").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
    await page.getByText("1 selected").waitFor();
    await page.getByRole("checkbox", { name: "Select all tasks" }).check();
    await page.getByText("3 selected").waitFor();
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByRole("button", { name: "Delete 3 tasks" }).click();
    await page.getByText("No task yet").waitFor();
    assert.deepEqual(problems, []);
  });

  test("signing out leads to the entrance, and a wrong password is told", async () => {
    const { page } = ada;
    await page.getByRole("button", { name: "Account of Ada Lovelace" }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByRole("textbox", { name: "E-mail" }).fill("ada@web.example");
    await page.getByRole("textbox", { name: "Password" }).fill("wrong horse");
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("alert").getByText("The e-mail address or the password is wrong").waitFor();
    assert.deepEqual(await serious(page), []);
  });
});
