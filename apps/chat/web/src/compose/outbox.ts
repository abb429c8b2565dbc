/**
 * Outbox: what was written here and is not in the history yet.
 *
 * Each post has a client id from the start, and keeps it with every attempt: the server makes one message of it, how
 * often it ever is sent. Posts of a room go one after the other, in the order in which they were written.
 * States. `sending → sent`, and gone once the history has it. When the server cannot be reached, `waiting`: it is sent
 * again when the connection is back, and after a pause. When the server refuses it, `failed`, until somebody tries it
 * again or drops it.
 */
import type { Problem } from "@lineshaft/client";
import { asProblem } from "lineshaft-web-shared/parts/problem.ts";
import { useSyncExternalStore } from "react";
import { type Attachment, chat, client } from "../client.ts";

const RETRY_MS = 2_500;
/** These say nothing about the message. */
const PASSING = new Set(["UNREACHABLE", "TIMEOUT", "UNAVAILABLE"]);
const OVERLOADED = 503;

export interface Draft {
  readonly room: string;
  readonly text: string;
  readonly replyTo?: number | undefined;
  readonly thread?: number | undefined;
  readonly attachments: readonly Attachment[];
}

export interface Post extends Draft {
  readonly clientId: string;
  readonly at: string;
  readonly state: "sending" | "waiting" | "failed" | "sent";
  readonly problem: Problem | null;
  /** Its number, once it has one. */
  readonly number: number | null;
}

class Outbox {
  #posts: readonly Post[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #sending = new Set<string>();
  /** By room, how far its history has come. */
  readonly #seen = new Map<string, number>();
  #pause: ReturnType<typeof setTimeout> | undefined;

  readonly posts = (): readonly Post[] => this.#posts;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  send(draft: Draft): void {
    const clientId = crypto.randomUUID();
    const at = new Date().toISOString();
    this.#become([...this.#posts, { ...draft, clientId, at, state: "sending", problem: null, number: null }]);
    void this.#run(draft.room);
  }

  retry(clientId: string): void {
    this.#set(clientId, { state: "sending", problem: null });
    const post = this.#posts.find((each) => each.clientId === clientId);
    if (post) void this.#run(post.room);
  }

  drop(clientId: string): void {
    this.#become(this.#posts.filter((each) => each.clientId !== clientId));
  }

  /** The history of a room has all messages up to this one. */
  seen(room: string, number: number): void {
    this.#seen.set(room, number);
    this.#forgetSeen();
  }

  /** The connection is back. */
  readonly resume = (): void => {
    for (const { room } of this.#posts.filter(({ state }) => state === "waiting")) void this.#run(room);
  };

  clear(): void {
    this.#seen.clear();
    this.#become([]);
  }

  #forgetSeen(): void {
    const isSeen = ({ room, number }: Post) => number !== null && number <= (this.#seen.get(room) ?? 0);
    if (this.#posts.some(isSeen)) this.#become(this.#posts.filter((post) => !isSeen(post)));
  }

  async #run(room: string): Promise<void> {
    if (this.#sending.has(room)) return;
    this.#sending.add(room);
    try {
      for (;;) {
        const isNext = (post: Post) => post.room === room && (post.state === "sending" || post.state === "waiting");
        const next = this.#posts.find(isNext);
        if (!next) return;
        if (!(await this.#attempt(next))) {
          clearTimeout(this.#pause);
          this.#pause = setTimeout(this.resume, RETRY_MS);
          return;
        }
      }
    } finally {
      this.#sending.delete(room);
    }
  }

  /** Whether the server has answered. */
  async #attempt({ clientId, room, text, replyTo, thread, attachments }: Post): Promise<boolean> {
    try {
      const files = attachments.map(({ id }) => id);
      const { number } = await chat.postMessage({ room, clientId, text, replyTo, thread, attachments: files });
      this.#set(clientId, { state: "sent", number });
      // The history may have been told before its author was answered.
      this.#forgetSeen();
      return true;
    } catch (error) {
      const problem = asProblem(error);
      const passes = PASSING.has(problem.code) || problem.status === OVERLOADED;
      this.#set(clientId, { state: passes ? "waiting" : "failed", problem });
      return !passes;
    }
  }

  #set(clientId: string, change: Partial<Post>): void {
    this.#become(this.#posts.map((each) => (each.clientId === clientId ? { ...each, ...change } : each)));
  }

  #become(posts: readonly Post[]): void {
    this.#posts = posts;
    for (const listener of [...this.#listeners]) listener();
  }
}

export const outbox = new Outbox();
client.$connection.subscribe(() => {
  if (client.$connection.state() === "live") outbox.resume();
});

addEventListener("beforeunload", (event) => {
  // It is nowhere else: the browser asks whether to leave.
  if (outbox.posts().some(({ state }) => state !== "sent")) event.preventDefault();
});

/** What was written and is not in the history yet, of all rooms. */
export function useOutbox(): readonly Post[] {
  return useSyncExternalStore(outbox.subscribe, outbox.posts);
}
