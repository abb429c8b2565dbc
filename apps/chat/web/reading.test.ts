/** The page in a real browser: where one is in a long room, and what counts as read. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { poll } from "lineshaft/testkit";
import { missingBrowser } from "lineshaft-web-shared/test/browser.ts";
import type { Page, WebSocketRoute } from "playwright-core";
import { belowView, goTo, isInView, Pair, painted, untilListed } from "./test/room.ts";
import { composer, roomLink, said } from "./test/talk.ts";

describe("a long room", { skip: missingBrowser() }, () => {
  let pair: Pair;
  let page: Page;

  before(async () => {
    pair = await Pair.start();
    page = pair.ada.page;
  });
  after(async () => pair?.[Symbol.asyncDispose]());

  /** The numbers that are told as read, from now on; what answers is asked each time. */
  async function told(answer: "go on" | "refuse" = "go on"): Promise<number[]> {
    const numbers: number[] = [];
    await page.unroute("**/read");
    await page.route("**/read", async (route) => {
      numbers.push(route.request().postDataJSON().number);
      if (answer === "go on") return route.continue();
      const problem = { type: "urn:x", status: 403, code: "NO", title: "No" };
      return route.fulfill({ status: 403, contentType: "application/problem+json", body: JSON.stringify(problem) });
    });
    return numbers;
  }

  /** Another window, in which a question is held back until `release`. */
  async function holding(question: string) {
    let release = (): void => assert.fail("It was not asked.");
    const hold = (socket: WebSocketRoute) => {
      const server = socket.connectToServer();
      socket.onMessage((message) => {
        if (String(message).includes(question)) release = () => server.send(message);
        else server.send(message);
      });
    };
    const held = await pair.again((fresh) => fresh.routeWebSocket("**/live", hold));
    return { page: held, release: () => release() };
  }

  test("it opens at its end, whichever of its pages comes first", async () => {
    const room = await pair.room(229);
    const { page: other, release } = await holding("after=150");
    await goTo(other, room);
    await said(other, "Message 229").waitFor();
    await painted(other);
    release();
    await said(other, "Message 151").waitFor({ state: "attached" });
    await painted(other);
    assert.ok((await belowView(other)) < 5);
    await other.context().close();
  });

  test("from afar one goes to the newest message", async () => {
    const room = await pair.room(729);
    await goTo(page, room, 10);
    await poll(async () => (await said(page, "Message 10").count()) === 1 && isInView(page, 10));
    await page.getByRole("button", { name: "To the newest" }).click();
    await said(page, "Message 729").waitFor();
    await page.getByRole("button", { name: "To the newest" }).waitFor({ state: "detached" });
    assert.ok((await belowView(page)) < 5);
  });

  test("who has been taken to a message is not taken back there when something changes", async () => {
    const room = await pair.room(300);
    await goTo(page, room, 140);
    await poll(async () => (await said(page, "Message 140").getAttribute("data-marked")) === "true");
    // What is below comes page by page.
    await poll(async () => {
      await page.getByRole("log").evaluate((box) => box.scrollBy(0, 1_500));
      return !(await isInView(page, 140));
    });
    await pair.react(pair.bob, room, 141);
    await said(page, "Message 141").getByRole("button", { name: /: 1$/ }).waitFor({ state: "attached" });
    await painted(page);
    assert.equal(await isInView(page, 140), false);
    await goTo(page, room, 140);
    await poll(() => isInView(page, 140));
  });

  test("the mark of a message that was looked for goes, whatever comes meanwhile", async () => {
    const room = await pair.room(20);
    await goTo(page, room, 10);
    await poll(async () => (await said(page, "Message 10").getAttribute("data-marked")) === "true");
    await pair.post(pair.bob, room, "News");
    await said(page, "News").waitFor();
    await poll(async () => (await said(page, "Message 10").getAttribute("data-marked")) === null);
  });

  test("a message in a thread that was looked for is shown there", async () => {
    const room = await pair.room(60);
    for (const number of Array(30).keys()) await pair.post(pair.ada, room, `Reply ${number}`, 5);
    await goTo(page, room, 63);
    const reply = page.getByRole("complementary", { name: "Thread" }).locator('.message[data-number="63"]');
    await reply.getByText("Reply 2", { exact: true }).waitFor();
    await painted(page);
    const panel = (await page.locator(".panel-body").boundingBox())!;
    const { y } = (await reply.boundingBox())!;
    assert.ok(y >= panel.y && y < panel.y + panel.height, `it is at ${y} of ${panel.y} + ${panel.height}`);
    assert.equal(await reply.getAttribute("data-marked"), "true");
    await page.getByRole("button", { name: "Close" }).click();
  });

  test("who comes back begins where the news begin, and has read what was seen", async () => {
    const room = await pair.room(300, 120);
    const numbers = await told();
    await untilListed(page, room, 180);
    await goTo(page, room);
    await page.getByText("New messages").waitFor();
    await poll(() => isInView(page, 121));
    assert.equal(await isInView(page, 122), true);
    await painted(page);
    assert.deepEqual(numbers, []);
    await page.getByRole("button", { name: "180 new" }).click();
    await said(page, "Message 300").waitFor();
    await poll(() => numbers.length > 0);
    assert.deepEqual(numbers, [300]);
  });

  test("so one does when what is before them comes first", async () => {
    const room = await pair.room(300, 120);
    const { page: other, release } = await holding("after=100");
    await untilListed(other, room, 180);
    await goTo(other, room);
    await said(other, "Message 100").waitFor();
    await painted(other);
    release();
    await other.getByText("New messages").waitFor({ state: "attached" });
    await painted(other);
    assert.equal(await isInView(other, 121), true);
    await other.context().close();
  });

  test("who is taken to an old message has not read the new ones", async () => {
    const room = await pair.room(40, 37);
    const numbers = await told();
    await page.getByRole("link", { name: "Chat: start" }).click();
    await untilListed(page, room, 3);
    await goTo(page, room, 3);
    await poll(async () => (await said(page, "Message 3").getAttribute("data-marked")) === "true");
    await painted(page);
    assert.deepEqual([numbers, await isInView(page, 3)], [[], true]);
    await roomLink(page, "Engines").getByText("3 unread messages").waitFor({ state: "attached" });
  });

  test("what cannot be told as read is told with the next message, not again and again", async () => {
    const room = await pair.room(3, 1);
    const numbers = await told("refuse");
    await untilListed(page, room, 2);
    await goTo(page, room);
    await poll(() => numbers.length > 0);
    await pair.post(pair.bob, room, "News");
    await poll(() => numbers.includes(4));
    await composer(page).waitFor();
    assert.deepEqual(numbers, [3, 4]);
    await page.unroute("**/read");
  });

  test("when the list of rooms fails, nobody is said to be out of a room", async () => {
    const room = await pair.room(1);
    let breaks = () => {};
    const catchId = (socket: WebSocketRoute) => {
      const server = socket.connectToServer();
      socket.onMessage((message) => {
        const { id, path } = JSON.parse(String(message));
        const problem = { type: "urn:x", status: 500, code: "INTERNAL", title: "Something broke" };
        if (path === "/chat/rooms") breaks = () => socket.send(JSON.stringify({ type: "problem", id, problem }));
        server.send(message);
      });
    };
    const other = await pair.again((fresh) => fresh.routeWebSocket("**/live", catchId));
    await goTo(other, room);
    await said(other, "Message 1").waitFor();
    breaks();
    await other.getByRole("navigation").getByText("Something broke").waitFor();
    assert.ok(other.url().endsWith(room));
    assert.equal(await other.getByText("You are no longer in").count(), 0);
    await other.context().close();
  });
});
