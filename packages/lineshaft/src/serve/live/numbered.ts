/**
 * Numbered: what a client has asked for on a socket, by the number that it gave it: answers of a query, or a membership
 * (`membership.ts`).
 */
import type { Answer, Sink } from "../../live/index.ts";
import { formatPosition, type Position } from "../../log/position.ts";
import type { Held } from "./held.ts";

/** What it needs of its socket. */
export interface NumberedHost {
  readonly isReady: boolean;
  send(text: string): void;
  /** Tells a problem of one number, which is over. */
  tellProblem(id: number, error: unknown): void;
  /** A number may be used again. */
  forget(numbered: Numbered): void;
}

export abstract class Numbered<THost extends NumberedHost = NumberedHost> implements Sink {
  readonly id: number;
  abstract readonly takesPatches: boolean;
  protected readonly host: THost;
  held: Held | null = null;
  #isGone = false;

  constructor(host: THost, id: number) {
    this.host = host;
    this.id = id;
  }

  get isReady(): boolean {
    return this.host.isReady;
  }

  /** Whether it is over: the client is told nothing more of it. */
  get isGone(): boolean {
    return this.#isGone;
  }

  abstract answer(answer: Answer): void;
  abstract patch(answer: Answer, patch: string): void;
  abstract current(position: Position): void;

  /** The client has given it up, or is gone. */
  end(): void {
    this.#isGone = true;
  }

  failed(error: unknown): void {
    if (this.#isGone) return;
    this.end();
    this.host.forget(this);
    this.host.tellProblem(this.id, error);
  }
}

/** The answers of a query. */
export class Answers extends Numbered {
  override readonly takesPatches = true;

  override answer({ position, body }: Answer): void {
    this.#send("answer", position, `,"body":${body}`);
  }

  override patch({ position }: Answer, patch: string): void {
    this.#send("patch", position, `,"patch":${patch}`);
  }

  override current(position: Position): void {
    this.#send("current", position, "");
  }

  #send(type: string, position: Position, rest: string): void {
    if (this.isGone) return;
    this.host.send(`{"type":"${type}","id":${this.id},"position":"${formatPosition(position)}"${rest}}`);
  }
}
