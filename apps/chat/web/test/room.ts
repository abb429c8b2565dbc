/** Rooms for tests of the page: with two people in a browser each, and as many messages as it takes. */
import type { AccountActor } from "lineshaft";
import * as accounts from "lineshaft/accounts";
import { startTestApp, type TestApp } from "lineshaft/testkit";
import { signUp, startBrowser, type Visitor, visit } from "lineshaft-web-shared/test/browser.ts";
import type { Browser, Page } from "playwright-core";
import * as chat from "../../index.ts";

const SITES = { "/chat/": new URL("../built/", import.meta.url) };

export interface Person extends Visitor {
  readonly actor: AccountActor;
}

export class Pair implements AsyncDisposable {
  readonly app: TestApp;
  readonly browser: Browser;
  readonly ada: Person;
  readonly bob: Person;

  private constructor(app: TestApp, browser: Browser, [ada, bob]: readonly [Person, Person]) {
    this.app = app;
    this.browser = browser;
    this.ada = ada;
    this.bob = bob;
  }

  static async start(): Promise<Pair> {
    const app = await startTestApp({ services: { accounts, chat }, sites: SITES }, { settings: { relay: "auto" } });
    const browser = await startBrowser();
    const people = await Promise.all([comes(app, browser, "ada"), comes(app, browser, "bob")]);
    return new Pair(app, browser, people);
  }

  /** Another window of Ada's, which has seen nothing yet. */
  async again(prepare: (page: Page) => Promise<void> = async () => {}): Promise<Page> {
    const { page } = await visit(this.browser, this.app.url, { storageState: await this.ada.context.storageState() });
    await prepare(page);
    await page.goto(`${this.app.url}/chat/`);
    return page;
  }

  /** A room of both with so many messages, of which Ada has read some: its id. */
  async room(count: number, read = count): Promise<string> {
    const { id: room } = await this.#as(this.ada).call(chat.createRoom, { kind: "public", name: "Engines" });
    await this.#as(this.bob).call(chat.joinRoom, { room });
    await this.#fill(room, count);
    await this.#as(this.ada).call(chat.readRoom, { room, number: read });
    return room;
  }

  post(person: Person, room: string, text: string, thread?: number) {
    return this.#as(person).call(chat.postMessage, { room, clientId: crypto.randomUUID(), text, thread });
  }

  remove(person: Person, room: string, number: number) {
    return this.#as(person).call(chat.deleteMessage, { room, number });
  }

  react(person: Person, room: string, number: number) {
    return this.#as(person).call(chat.react, { room, number, emoji: "👍" });
  }

  mute(person: Person, room: string, seconds: number) {
    const until = new Date(Date.now() + seconds * 1_000).toISOString();
    return this.#as(this.ada).call(chat.mute, { room, account: person.actor.id, until });
  }

  join(person: Person, room: string) {
    return this.#as(person).call(chat.joinRoom, { room });
  }

  /** The last message of a room. */
  async last(room: string) {
    return (await this.#as(this.ada).call(chat.messages, { room })).items.at(-1);
  }

  #as(person: Person) {
    return this.app.as(person.actor);
  }

  /** At once: posting takes its time, and is limited. */
  async #fill(room: string, count: number): Promise<void> {
    const db = await this.app.connect();
    await db.query(
      `insert into "chat"."message" ("id", "room", "number", "author", "clientId", "text", "createdAt")
      select gen_random_uuid(), $1, "number", $2, gen_random_uuid(), 'Message ' || "number", now()
      from generate_series(1, $3::int) "number"`,
      [room, this.bob.actor.id, count],
    );
    await db.query(`update "chat"."room" set "lastNumber" = $2, "lastMessageAt" = now() where "id" = $1`, [
      room,
      count,
    ]);
    await db.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
    await this.app.stop();
  }
}

async function comes(app: TestApp, browser: Browser, name: string): Promise<Person> {
  const visitor = await visit(browser, app.url);
  await visitor.page.goto(`${app.url}/chat/`);
  return signsUp(visitor, name);
}

/** Whoever is at the page becomes somebody new. */
export async function signsUp(visitor: Visitor, name: string): Promise<Person> {
  const { page } = visitor;
  await signUp(page, name, `${name}@chat.example`);
  await page.getByText("No room yet").waitFor();
  const { id } = await page.evaluate(async () => (await fetch("/accounts/me")).json());
  return { ...visitor, actor: { kind: "account", id, session: id, email: "", emailVerified: false } };
}

/** Until the page's list has a room, with so many messages to be read. */
export async function untilListed(page: Page, room: string, unread: number): Promise<void> {
  const link = page.locator(`.room-link[href$="${room}"]`);
  await link.getByText(`${unread} unread messages`).waitFor({ state: "attached" });
}

/** Goes to a room, or to a message in it. */
export async function goTo(page: Page, room: string, number?: number): Promise<void> {
  await page.evaluate(
    (hash) => {
      location.hash = hash;
    },
    `#/rooms/${room}${number === undefined ? "" : `/${number}`}`,
  );
}

/** Pixels between what is in view and the end. */
export function belowView(page: Page): Promise<number> {
  return page.getByRole("log").evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight);
}

export function isInView(page: Page, number: number): Promise<boolean> {
  return page.getByRole("log").evaluate((box, wanted) => {
    const { top, bottom } = box.getBoundingClientRect();
    const row = box.querySelector(`[data-number="${wanted}"]`)?.getBoundingClientRect();
    return row !== undefined && row.bottom > top && row.top < bottom;
  }, number);
}

/** Until what the page knows is what it shows. */
export async function painted(page: Page): Promise<void> {
  await page.evaluate(
    () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve)))),
  );
}
