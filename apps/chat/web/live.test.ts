/** The page while connections break: what is written meanwhile arrives, once, and everybody has the same history. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { AccountActor } from "lineshaft";
import * as accounts from "lineshaft/accounts";
import { startTestApp, type TestApp } from "lineshaft/testkit";
import { missingBrowser, signUp, startBrowser, type Visitor, visit } from "lineshaft-web-shared/test/browser.ts";
import { connectionOf, isLive, Node } from "lineshaft-web-shared/test/node.ts";
import type { Browser } from "playwright-core";
import * as chat from "../index.ts";
import { composer, joinRoom, newRoom, said, say, shows } from "./test/talk.ts";

describe("the page, live", { skip: missingBrowser() }, () => {
  /** The same database on another node: who is there goes on writing. */
  let app: TestApp;
  let node: Node;
  let browser: Browser;
  let ada: Visitor;
  let bob: Visitor;
  let actor: AccountActor;
  let room: string;

  const postElsewhere = (text: string) =>
    app.as(actor).call(chat.postMessage, { room, clientId: crypto.randomUUID(), text });

  before(async () => {
    app = await startTestApp({ services: { accounts, chat } }, { settings: { relay: "auto" } });
    node = await Node.start(join(import.meta.dirname, "test/node.ts"), String(app.database));
    browser = await startBrowser();
    [ada, bob] = (await Promise.all([visit(browser, node.url), visit(browser, node.url)])) as [Visitor, Visitor];
    await Promise.all([ada, bob].map(({ page }) => page.goto(`${node.url}/chat/`)));
    await Promise.all([signUp(ada.page, "Ada", "ada@live.example"), signUp(bob.page, "Bob", "bob@live.example")]);
    await newRoom(ada.page, "Engines");
    room = ada.page.url().split("/").at(-1)!;
    await joinRoom(bob.page, "Engines");
    const { id } = await bob.page.evaluate(async () => (await fetch("/accounts/me")).json());
    actor = { kind: "account", id, session: id, email: "", emailVerified: false };
    await say(ada.page, "Before");
    await Promise.all([ada, bob].map(({ page }) => shows(page, ["Before"])));
  });
  after(async () => {
    await browser?.close();
    await node?.stop();
    await app?.stop();
  });

  test("without a network: what others wrote and what was written there is there, once and in one order", async () => {
    await ada.context.setOffline(true);
    await connectionOf(ada.page).getByText("Reconnecting").waitFor();
    await say(bob.page, "Bob 1");
    await say(bob.page, "Bob 2");
    await said(bob.page, "Bob 2").waitFor();
    for (const text of ["Ada 1", "Ada 2"]) await say(ada.page, text);
    await ada.page.getByText("The server cannot be reached: this is sent as soon as it is back.").first().waitFor();
    await ada.context.setOffline(false);
    await isLive(ada.page);
    const all = ["Before", "Bob 1", "Bob 2", "Ada 1", "Ada 2"];
    await Promise.all([ada, bob].map(({ page }) => shows(page, all)));
  });

  test("a node that is killed: the page says so, and afterwards both have everything", async () => {
    await node.kill();
    for (const { page } of [ada, bob]) await connectionOf(page).getByText("Reconnecting").waitFor();
    await say(ada.page, "Ada 3");
    await postElsewhere("Bob 3");
    await node.restart();
    for (const { page } of [ada, bob]) await isLive(page);
    await postElsewhere("Bob 4");
    await said(bob.page, "Bob 4").waitFor();
    await said(bob.page, "Ada 3").waitFor();
    const found = await app.as(actor).call(chat.messages, { room, after: 5 });
    const texts = found.items.map(({ text }) => text);
    assert.deepEqual(texts.toSorted(), ["Ada 3", "Bob 3", "Bob 4"], "each of them once");
    const all = ["Before", "Bob 1", "Bob 2", "Ada 1", "Ada 2", ...texts];
    await Promise.all([ada, bob].map(({ page }) => shows(page, all)));
    await composer(bob.page).pressSequentially("Hm", { delay: 5 });
    await ada.page.getByText("Bob is typing…").waitFor();
  });

  test("signing out in one window ends what the other shows", async () => {
    const other = await visit(browser, node.url, { storageState: await ada.context.storageState() });
    await other.page.goto(ada.page.url());
    await said(other.page, "Ada 3").waitFor();
    await ada.page.getByRole("button", { name: "Account of Ada" }).click();
    await ada.page.getByRole("menuitem", { name: "Sign out" }).click();
    for (const { page } of [ada, other]) await page.getByRole("heading", { name: "Sign in" }).waitFor();
    assert.equal(await said(other.page, "Ada 3").count(), 0);
  });
});
