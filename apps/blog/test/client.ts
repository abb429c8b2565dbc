/** A blog on a server of its own, and a client that holds every answer against the contract. */
import assert from "node:assert/strict";
import * as accounts from "lineshaft/accounts";
import { startTestApp, type TestApp, type TestOptions } from "lineshaft/testkit";
import * as blog from "../index.ts";
import { checkAnswer, operationOf } from "./contract.ts";

/** Routes beyond the contract, some of which look like one of it. */
const EXTRAS = /^\/(?:articles\/(?:drafts|search)$|feed\.|.*\/(?:approval|publication)$)/;

export const PASSWORD = "a long password";

// biome-ignore lint/suspicious/noExplicitAny: what a body holds, the assertions say.
type Body = any;

export interface Answered {
  readonly status: number;
  readonly body: Body;
  readonly text: string;
  readonly headers: Headers;
}

export interface Asking {
  readonly body?: unknown;
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface User {
  readonly username: string;
  readonly email: string;
  readonly token: string;
}

export class Blog implements AsyncDisposable {
  readonly running: TestApp;
  /** What was seen of the contract: `GET /articles 200`. */
  readonly seen = new Set<string>();
  #userCount = 0;

  constructor(running: TestApp) {
    this.running = running;
  }

  /** Sends a request; the path is the contract's, below `/api`. */
  async ask(method: string, path: string, { body, token, headers = {} }: Asking = {}): Promise<Answered> {
    const response = await fetch(`${this.running.url}/api${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(token === undefined ? {} : { authorization: `Token ${token}` }),
        ...headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    const json = response.headers.get("content-type")?.startsWith("application/json");
    const parsed: unknown = json ? JSON.parse(text) : null;
    const [bare = ""] = path.split("?");
    const operation = EXTRAS.test(bare) ? undefined : operationOf(method, bare);
    if (operation && response.status !== 304) this.seen.add(checkAnswer(operation, response.status, parsed));
    return { status: response.status, body: parsed, text, headers: response.headers };
  }

  /** Sends a request that must succeed; gives its body. */
  async good(method: string, path: string, asking: Asking = {}): Promise<Body> {
    const { status, body, text } = await this.ask(method, path, asking);
    assert.ok(status >= 200 && status < 300, `${method} ${path}: ${status} ${text}`);
    return body;
  }

  /** Asks and checks status and the whole error body. */
  async refused(method: string, path: string, asking: Asking, expected: readonly [status: number, errors: object]) {
    const { status, body } = await this.ask(method, path, asking);
    assert.deepEqual([status, body?.errors], expected, `${method} ${path}`);
  }

  async user(name = "user"): Promise<User> {
    this.#userCount += 1;
    const username = `${name}${this.#userCount}`;
    const user = { username, email: `${username}@example.com`, password: PASSWORD };
    return (await this.good("POST", "/users", { body: { user } })).user;
  }

  async article(by: User, change: object = {}): Promise<Body> {
    const article = { title: "A title", description: "What it is about", body: "The text.", ...change };
    return (await this.good("POST", "/articles", { body: { article }, token: by.token })).article;
  }

  async comment(by: User, slug: string, text = "Well said."): Promise<Body> {
    const body = { comment: { body: text } };
    return (await this.good("POST", `/articles/${slug}/comments`, { body, token: by.token })).comment;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.running.stop();
  }
}

export async function startBlog(options: TestOptions = {}): Promise<Blog> {
  return new Blog(await startTestApp({ services: { accounts, blog } }, options));
}
