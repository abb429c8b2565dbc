/** The page in a real browser: what somebody has written is not lost, and is nobody else's. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { poll } from "lineshaft/testkit";
import { missingBrowser, visit } from "lineshaft-web-shared/test/browser.ts";
import type { Page } from "playwright-core";
import { toStored } from "./src/compose/mentions.ts";
import { goTo, Pair, signsUp } from "./test/room.ts";
import { composer, said, say, shows, tool } from "./test/talk.ts";

const BOB = { account: "0b8f5f0e-54d4-4a3e-9a53-0d8a4c1f6c5e", name: "bob" };

test("a name in an address is no mention", () => {
  const stored = (written: string) => toStored(written, [BOB], []);
  assert.equal(stored("ada@bob.example"), "ada@bob.example");
  assert.equal(stored("@bob, (@bob) and:@bob"), "@bob, (@bob) and:@bob".replaceAll("@bob", `@[${BOB.account}]`));
  assert.equal(stored("@bobby"), "@bobby");
});

describe("writing", { skip: missingBrowser() }, () => {
  let pair: Pair;
  let page: Page;

  const field = () => page.getByRole("textbox", { name: "Text of the message" });
  const focused = (selector: string) => page.evaluate((wanted) => document.activeElement?.matches(wanted), selector);

  before(async () => {
    pair = await Pair.start();
    page = pair.ada.page;
  });
  after(async () => pair?.[Symbol.asyncDispose]());

  test("who was muted writes again when the time is over", async () => {
    const room = await pair.room(1);
    await goTo(pair.bob.page, room);
    await composer(pair.bob.page).waitFor();
    await pair.mute(pair.bob, room, 2);
    await pair.bob.page.getByText("You are muted in this room").waitFor();
    await composer(pair.bob.page).waitFor();
  });

  test("after an edit the focus is where it was, or at the message", async () => {
    await goTo(page, await pair.room(0));
    await say(page, "One");
    await shows(page, ["One"]);
    await composer(page).press("ArrowUp");
    await field().fill("Two");
    await field().press("Enter");
    await field().waitFor({ state: "detached" });
    assert.equal(await focused(".composer textarea"), true);
    await tool(said(page, /^Two/), "More about this message");
    await page.getByRole("menuitem", { name: "Edit" }).click();
    await poll(() => focused(".edit textarea"));
    await page.keyboard.press("Escape");
    await field().waitFor({ state: "detached" });
    assert.equal(await focused(".message"), true);
  });

  test("a message that is shown in the room and in its thread is edited in one place", async () => {
    await goTo(page, await pair.room(0));
    await say(page, "One");
    await shows(page, ["One"]);
    await tool(said(page, "One"), "Open the thread");
    await composer(page).press("ArrowUp");
    await field().fill("Two");
    await field().press("Enter");
    await said(page, "Two (edited)").waitFor();
    assert.equal(await composer(page).evaluate((box) => box === document.activeElement), true);
  });

  test("who opens a panel or replies can write at once, and is back where one was", async () => {
    const room = await pair.room(1);
    await goTo(page, room);
    await page.getByRole("button", { name: "Search", exact: true }).click();
    assert.equal(await focused('[type="search"]'), true);
    await page.keyboard.press("Escape");
    assert.equal(await focused('[aria-label="Search"]'), true);
    await tool(said(page, "Message 1"), "Open the thread");
    await page.getByRole("textbox", { name: "Reply in the thread" }).waitFor();
    assert.equal(await focused('[aria-label="Reply in the thread"]'), true);
    await page.keyboard.press("Escape");
    assert.equal(await focused('[aria-label="Open the thread"]'), true);
    await tool(said(page, "Message 1"), "Reply");
    assert.equal(await focused(".composer textarea"), true);
  });

  test("a message that is deleted meanwhile is answered no more, and what is written is sent", async () => {
    const room = await pair.room(1);
    await goTo(page, room);
    await tool(said(page, "Message 1"), "Reply");
    await composer(page).fill("My answer");
    await pair.remove(pair.bob, room, 1);
    await page.locator(".reply-strip").waitFor({ state: "detached" });
    await composer(page).press("Enter");
    await shows(page, ["This message was deleted.", "My answer"]);
  });

  test("who would leave with something unsent is asked", async () => {
    const other = await pair.again();
    await goTo(other, await pair.room(0));
    await other.route("**/messages", (route) => route.abort());
    await say(other, "Not yet");
    await other.getByText("The server cannot be reached").waitFor();
    const asked = other.waitForEvent("dialog");
    const closed = other.close({ runBeforeUnload: true });
    assert.equal((await asked).type(), "beforeunload");
    await (await asked).accept();
    await closed;
  });

  test("an edit that does not get through can be sent again", async () => {
    await goTo(page, await pair.room(0));
    await say(page, "One");
    await shows(page, ["One"]);
    await page.route("**/messages/1", (route) => route.abort());
    await composer(page).press("ArrowUp");
    await field().fill("All that I thought about it");
    await field().press("Enter");
    await page.getByText("The message could not be changed").waitFor();
    assert.equal(await field().inputValue(), "All that I thought about it");
    await page.unroute("**/messages/1");
    await field().press("Enter");
    await said(page, "All that I thought about it (edited)").waitFor();
  });

  test("files that are too many for a message wait for the next one", async () => {
    const room = await pair.room(0);
    await goTo(page, room);
    const chosen = page.waitForEvent("filechooser");
    await page.getByRole("button", { name: "Add files" }).click();
    const file = (name: string) => ({ name, mimeType: "text/plain", buffer: Buffer.from("x") });
    await (await chosen).setFiles(Array.from({ length: 12 }, (_, index) => file(`${index}.txt`)));
    await poll(async () => page.getByRole("button", { name: "Send", exact: true }).isEnabled());
    await say(page, "Many");
    await poll(async () => (await pair.last(room))?.attachments.length === 10);
    assert.equal(await page.locator(".file-strip .file").count(), 2);
    await say(page, "The others");
    await poll(async () => (await pair.last(room))?.attachments.length === 2);
    assert.equal(await page.locator(".file-strip .file").count(), 0);
  });

  test("what one account has written and not sent the next one at this window does not see", async () => {
    const room = await pair.room(0);
    const visitor = await visit(pair.browser, pair.app.url);
    await visitor.page.goto(`${pair.app.url}/chat/`);
    for (const name of ["cy", "di"]) {
      const person = await signsUp(visitor, name);
      await pair.join(person, room);
      await goTo(person.page, room);
      await composer(person.page).waitFor();
      assert.equal(await composer(person.page).inputValue(), "");
      await composer(person.page).fill("My secret");
      await goTo(person.page, "");
      await person.page.getByRole("button", { name: `Account of ${name}` }).click();
      await person.page.getByRole("menuitem", { name: "Sign out" }).click();
      await person.page.getByRole("heading", { name: "Sign in" }).waitFor();
    }
  });
});
