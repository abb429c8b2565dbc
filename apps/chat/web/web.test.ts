/** The page in a real browser, against the real app: two people in a room, on two widths and in both colour schemes. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { AccountActor } from "lineshaft";
import * as accounts from "lineshaft/accounts";
import { poll, startTestApp, type TestApp } from "lineshaft/testkit";
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
import * as chat from "../index.ts";
import { composer, joinRoom, newRoom, roomLink, said, say, shows, textsOf, tool } from "./test/talk.ts";

/** One pixel. */
const PICTURE = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

testBuild(import.meta.dirname);

describe("the page", { skip: missingBrowser() }, () => {
  let app: TestApp;
  let browser: Browser;
  let ada: Visitor;
  let bob: Visitor;

  const quiet = () => assert.deepEqual([...ada.problems, ...bob.problems], []);
  const roomId = () => ada.page.url().split("/").at(-1)!;

  /** The same account in a profile with another screen or scheme. */
  async function again(visitor: Visitor, options: Parameters<Browser["newContext"]>[0]): Promise<Visitor> {
    const same = await visit(browser, app.url, { ...options, storageState: await visitor.context.storageState() });
    await same.page.goto(visitor.page.url());
    return same;
  }

  async function actorOf(visitor: Visitor): Promise<AccountActor> {
    const { id } = await visitor.page.evaluate(async () => (await fetch("/accounts/me")).json());
    return { kind: "account", id, session: id, email: "", emailVerified: false } as AccountActor;
  }

  async function post(visitor: Visitor, texts: readonly string[]): Promise<void> {
    const actor = await actorOf(visitor);
    for (const text of texts) {
      await app.as(actor).call(chat.postMessage, { room: roomId(), clientId: crypto.randomUUID(), text });
    }
  }

  before(async () => {
    app = await startTestApp(
      { services: { accounts, chat }, sites: { "/chat/": new URL("./built/", import.meta.url) } },
      { settings: { relay: "auto" } },
    );
    browser = await startBrowser();
    [ada, bob] = (await Promise.all([visit(browser, app.url), visit(browser, app.url)])) as [Visitor, Visitor];
  });
  after(async () => {
    await browser?.close();
    await app?.stop();
  });

  test("one signs up and makes a room, another finds and joins it", async () => {
    await ada.page.goto(`${app.url}/chat/`);
    await signUp(ada.page, "Ada Lovelace", "ada@chat.example");
    await ada.page.getByText("No room yet").waitFor();
    assert.deepEqual(await serious(ada.page), [], "no room yet");
    await newRoom(ada.page, "Engines");
    await ada.page.getByText("Nobody has said anything yet.").waitFor();
    await bob.page.goto(`${app.url}/chat/`);
    await signUp(bob.page, "Bob Babbage", "bob@chat.example");
    await joinRoom(bob.page, "Engines");
    await composer(bob.page).waitFor();
    // What is said before somebody is there is not heard: typing, for one.
    for (const { page } of [ada, bob]) await page.getByRole("button", { name: "Members: 2, of whom 2 here" }).waitFor();
    // Before there is a session the server says so, and the browser's console does.
    for (const { problems } of [ada, bob]) problems.length = 0;
  });

  test("what one types and writes the other sees, in the same order", async () => {
    await composer(ada.page).pressSequentially("Hello", { delay: 5 });
    await bob.page.getByText("Ada Lovelace is typing…").waitFor();
    await ada.page.keyboard.press("Shift+Enter");
    await ada.page.keyboard.type("to you");
    await ada.page.keyboard.press("Enter");
    await said(bob.page, "Hello to you").waitFor();
    await bob.page.getByText("is typing…").waitFor({ state: "hidden" });
    await Promise.all([say(ada.page, "One"), say(bob.page, "Two")]);
    await said(ada.page, "Two").waitFor();
    await said(bob.page, "One").waitFor();
    await shows(bob.page, await textsOf(ada.page));
    quiet();
  });

  test("members are mentioned by their names; who is elsewhere is told what is unread", async () => {
    await bob.page.getByRole("link", { name: "Chat: start" }).click();
    await bob.page.getByText("You have read everything.").waitFor();
    await composer(ada.page).pressSequentially("Ask @bo");
    await ada.page.getByRole("option", { name: "Bob Babbage" }).waitFor();
    await ada.page.keyboard.press("Enter");
    await ada.page.keyboard.type("about it");
    await ada.page.keyboard.press("Enter");
    await say(ada.page, "Soon");
    await roomLink(bob.page, "Engines").getByText("2 unread messages, 1 mention of you").waitFor({ state: "attached" });
    assert.equal(await bob.page.title(), "(2) Chat");
    await roomLink(bob.page, "Engines").click();
    await bob.page.getByText("New messages").waitFor();
    assert.equal(await said(bob.page, "Ask @Bob Babbage about it").getAttribute("data-mine"), "true");
    await poll(async () => (await bob.page.title()) === "Engines – Chat");
    quiet();
  });

  test("messages are edited, reacted to and deleted, for both at once", async () => {
    await composer(ada.page).press("ArrowUp");
    const field = ada.page.getByRole("textbox", { name: "Text of the message" });
    await field.fill("Very soon");
    await field.press("Enter");
    await said(bob.page, "Very soon (edited)").waitFor();
    await tool(said(bob.page, "Very soon (edited)"), "React");
    await bob.page.getByRole("button", { name: "party" }).click();
    await said(ada.page, "Very soon (edited)").getByRole("button", { name: "party: 1" }).click();
    const reaction = said(bob.page, "Very soon (edited)").getByRole("button", { name: "party: 2" });
    await reaction.click();
    await said(ada.page, "Very soon (edited)").getByRole("button", { name: "party: 1" }).waitFor();
    await tool(said(bob.page, "Two"), "More about this message");
    await bob.page.getByRole("menuitem", { name: "Delete" }).click();
    await said(ada.page, "This message was deleted.").waitFor();
    assert.equal(await said(ada.page, "Two").count(), 0);
    quiet();
  });

  test("a reply quotes; a thread stands beside the room", async () => {
    await tool(said(bob.page, "One"), "Reply");
    await say(bob.page, "I agree");
    await said(ada.page, "I agree")
      .getByRole("button", { name: /Ada Lovelace\s*One/ })
      .waitFor();
    await tool(said(ada.page, "I agree"), "Open the thread");
    const reply = ada.page.getByRole("textbox", { name: "Reply in the thread" });
    await reply.fill("Do you?");
    await reply.press("Enter");
    await said(bob.page, "I agree")
      .getByRole("button", { name: /1 reply/ })
      .click();
    await bob.page.getByRole("complementary", { name: "Thread" }).getByText("Do you?").waitFor();
    assert.equal(await said(ada.page, "Do you?").count(), 0, "it is not in the room itself");
    await bob.page.getByRole("textbox", { name: "Reply in the thread" }).fill("I do");
    await bob.page.keyboard.press("Enter");
    await ada.page.getByRole("complementary", { name: "Thread" }).getByText("I do").waitFor();
    assert.equal(await ada.page.locator(".panel .message").count(), 3, "nothing is doubled");
    assert.deepEqual(await serious(ada.page), [], "thread");
    for (const { page } of [ada, bob]) await page.getByRole("button", { name: "Close" }).click();
    quiet();
  });

  test("files go with a message: a picture is shown, another file is linked", async () => {
    const chosen = ada.page.waitForEvent("filechooser");
    await ada.page.getByRole("button", { name: "Add files" }).click();
    await (await chosen).setFiles({ name: "engine.png", mimeType: "image/png", buffer: PICTURE });
    const dataTransfer = await ada.page.evaluateHandle(() => {
      const dropped = new DataTransfer();
      dropped.items.add(new File(["Note G"], "notes.txt", { type: "text/plain" }));
      return dropped;
    });
    for (const event of ["dragover", "drop"]) await ada.page.getByRole("main").dispatchEvent(event, { dataTransfer });
    await ada.page.locator(".file-strip").getByText("6 bytes").waitFor();
    await poll(async () => ada.page.getByRole("button", { name: "Send", exact: true }).isEnabled());
    await say(ada.page, "Two files");
    const picture = said(bob.page, "Two files").getByRole("img", { name: "engine.png" });
    await poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth === 1));
    const address = await said(bob.page, "Two files")
      .getByRole("link", { name: /notes.txt/ })
      .getAttribute("href");
    assert.equal(await bob.page.evaluate(async (url) => (await fetch(url!)).text(), address), "Note G");
    quiet();
  });

  test("a text that is too long is not sent, and says by how much", async () => {
    await composer(ada.page).fill("x".repeat(4_001));
    await ada.page.getByText("1 character too many").waitFor();
    assert.equal(await ada.page.getByRole("button", { name: "Send", exact: true }).isEnabled(), false);
    await composer(ada.page).fill("");
    quiet();
  });

  test("an answer that is lost doubles nothing; what is refused says why, and can be sent again", async () => {
    const ids: string[] = [];
    await ada.page.route("**/messages", async (route) => {
      ids.push(route.request().postDataJSON().clientId);
      if (ids.length === 1) {
        await route.fetch();
        await route.abort();
      } else await route.continue();
    });
    await say(ada.page, "Only once");
    await poll(() => ids.length === 2, { timeoutMs: 10_000 });
    assert.equal(ids[0], ids[1]);
    await ada.page.unroute("**/messages");
    const muted = { type: "urn:x", status: 403, code: "MUTED", title: "You are muted" };
    await ada.page.route("**/messages", (route) =>
      route.fulfill({ status: 403, contentType: "application/problem+json", body: JSON.stringify(muted) }),
    );
    await say(ada.page, "Not yet");
    await ada.page.getByRole("alert").getByText("You are muted").waitFor();
    await ada.page.unroute("**/messages");
    await ada.page.getByRole("button", { name: "Try again" }).click();
    await said(bob.page, "Not yet").waitFor();
    await ada.page.locator(".pending").waitFor({ state: "detached" });
    for (const { page } of [ada, bob]) assert.equal(await said(page, "Only once").count(), 1);
    ada.problems.length = 0;
  });

  test("who is there is seen, and who closes the window is gone", async () => {
    await ada.page.getByRole("button", { name: /^Members/ }).click();
    const dot = ada.page.locator(".person", { hasText: "Bob Babbage" }).locator(".presence");
    await ada.page.locator('.presence[data-status="here"]').nth(1).waitFor();
    const place = bob.page.url();
    await bob.page.goto("about:blank");
    await poll(async () => (await dot.getAttribute("data-status")) === "gone");
    await bob.page.goto(place);
    await poll(async () => (await dot.getAttribute("data-status")) === "here");
    assert.deepEqual(await serious(ada.page), [], "members");
    await ada.page.getByRole("button", { name: "Close" }).click();
    bob.problems.length = 0;
  });

  test("a long room is read upwards, and what is read keeps its place", async () => {
    const numbers = Array.from({ length: 70 }, (_, index) => index);
    await Promise.all([
      post(
        ada,
        numbers.map((each) => `Ada ${each}`),
      ),
      post(
        bob,
        numbers.map((each) => `Bob ${each}`),
      ),
    ]);
    await said(bob.page, "Bob 69").waitFor();
    await bob.page.reload();
    await said(bob.page, "Bob 69").waitFor();
    assert.equal(await said(bob.page, "Hello to you").count(), 0, "old pages are not loaded at once");
    const log = bob.page.getByRole("log");
    const placeOf = async (number: string) => (await log.locator(`[data-number="${number}"]`).boundingBox())!.y;
    for (let step = 0; step < 40 && (await said(bob.page, /^Hello\s+to you$/).count()) === 0; step++) {
      const first = await log.locator(".message").first().getAttribute("data-number");
      await log.evaluate((box) => box.scrollTo(0, 300));
      // One in view: the first one, which is above it, has no head any more when its author said what comes before it.
      const seen = String(Number(first) + 15);
      const before = await placeOf(seen);
      await poll(async () => (await log.locator(".message").first().getAttribute("data-number")) !== first);
      assert.ok(Math.abs((await placeOf(seen)) - before) < 3, "it is where it was");
    }
    const texts = await textsOf(bob.page);
    assert.equal(new Set(texts.filter((text) => /^(?:Ada|Bob) \d+$/.test(text))).size, 140);
    await bob.page.getByRole("button", { name: "To the newest" }).click();
    await poll(() => log.evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight < 5));
    quiet();
  });

  test("search finds here and everywhere, and goes to the message", async () => {
    await ada.page.reload();
    await said(ada.page, "Bob 69").waitFor();
    await ada.page.getByRole("button", { name: "Search", exact: true }).click();
    await ada.page.getByRole("searchbox", { name: "Search messages" }).fill("agree");
    await ada.page.getByRole("button", { name: /I agree/ }).click();
    await poll(async () => (await said(ada.page, "I agree").getAttribute("data-marked")) === "true");
    await ada.page.getByText("Everywhere").click();
    await ada.page.locator(".found").getByText("Engines").waitFor();
    assert.deepEqual(await serious(ada.page), [], "search");
    await ada.page.getByRole("button", { name: "To the newest" }).click();
    await said(ada.page, "Bob 69").waitFor();
    await ada.page.getByRole("button", { name: "Close" }).click();
    quiet();
  });

  for (const colorScheme of ["light", "dark"] as const) {
    test(`${colorScheme}: nothing that keeps people out, in rooms, lists and dialogs`, async () => {
      const { page, problems, context } = await again(ada, { colorScheme });
      await said(page, "Bob 69").waitFor();
      await said(page, "Bob 69").hover();
      assert.deepEqual(await serious(page), [], "room");
      await composer(page).fill("@bo");
      await page.getByRole("option").waitFor();
      assert.deepEqual(await serious(page), [], "offer");
      await page.getByRole("button", { name: "New room" }).click();
      await page.getByRole("textbox", { name: "Name" }).waitFor();
      assert.deepEqual(await serious(page), [], "new room");
      await page.getByRole("button", { name: "Cancel" }).click();
      await page.getByRole("link", { name: "Browse rooms" }).click();
      await page.getByRole("link", { name: "Open Engines" }).waitFor();
      assert.deepEqual(await serious(page), [], "browse");
      assert.deepEqual(problems, []);
      await context.close();
    });
  }

  test("a phone shows rooms, a room and its panels, each by itself, without scrolling sideways", async () => {
    const { page, problems, context } = await again(ada, { viewport: { width: 390, height: 844 }, hasTouch: true });
    const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    await said(page, "Bob 69").waitFor();
    assert.equal(await overflow(), 0, "room");
    await page.getByRole("button", { name: /^Members/ }).click();
    await page.getByRole("complementary", { name: "Members" }).getByText("Bob Babbage").waitFor();
    assert.equal(await overflow(), 0, "members");
    await page.getByRole("button", { name: "Close" }).click();
    await page.getByRole("link", { name: "All rooms" }).click();
    await roomLink(page, "Engines").waitFor();
    assert.equal(await overflow(), 0, "rooms");
    assert.deepEqual(problems, []);
    await context.close();
  });

  test("who is muted is told so; who is put out is told so and leaves", async () => {
    const about = async (act: string) => {
      await ada.page.getByRole("button", { name: "More about Bob Babbage" }).click();
      await ada.page.getByRole("menuitem", { name: act }).click();
    };
    await ada.page.getByRole("button", { name: /^Members/ }).click();
    await about("Mute for an hour");
    await bob.page.getByText("You are muted in this room until").waitFor();
    await about("Let write again");
    await composer(bob.page).waitFor();
    await about("Put out of the room");
    await bob.page.getByText("You are no longer in Engines").waitFor();
    await roomLink(bob.page, "Engines").waitFor({ state: "hidden" });
    assert.equal(new URL(bob.page.url()).hash, "#/");
    await joinRoom(bob.page, "Engines");
    await about("Ban from the room");
    // The notice of the first time may still be there.
    await roomLink(bob.page, "Engines").waitFor({ state: "hidden" });
    await bob.page.getByText("You are no longer in Engines").last().waitFor();
    await bob.page.getByRole("link", { name: "Browse rooms" }).click();
    await bob.page.getByText("There is no public room yet").waitFor();
  });

  test("two write to each other directly", async () => {
    await newRoom(bob.page, "Tables");
    await joinRoom(ada.page, "Tables");
    await ada.page.getByRole("button", { name: "New direct message" }).click();
    await ada.page.getByRole("button", { name: "Write to Bob Babbage" }).click();
    await ada.page.getByRole("heading", { name: "Bob Babbage", exact: true, level: 1 }).waitFor();
    await say(ada.page, "Between us");
    await roomLink(bob.page, "Ada Lovelace").getByText("1 unread message").waitFor({ state: "attached" });
    await roomLink(bob.page, "Ada Lovelace").click();
    await said(bob.page, "Between us").waitFor();
  });

  test("a room in the archive can be read only, until it is taken out", async () => {
    for (const { page } of [ada, bob]) await roomLink(page, "Tables").click();
    const choose = async (item: string) => {
      await bob.page.getByRole("button", { name: "More about this room" }).click();
      await bob.page.getByRole("menuitem", { name: item }).click();
    };
    await choose("Put into the archive");
    await ada.page.getByText("This room is archived: it can be read, and nothing in it changes.").waitFor();
    await choose("Take out of the archive");
    await composer(ada.page).waitFor();
    quiet();
  });
});
