/**
 * Positions: how a caller reads its own writes on any node (QRY-3).
 *
 * Each reply tells a position: every commit up to it that was acknowledged when the request came is part of the answer.
 * A caller, or its browser by a cookie, brings the newest one along; a node that has not heard so much waits for a
 * moment, and then reads past its cache, from the database, which is always new enough. A position is no secret and
 * grants nothing: one that was made up only costs its sender the wait.
 */
import type { IncomingMessage } from "node:http";
import type { RequestFacts } from "../define/endpoint.ts";
import { fault } from "../define/errors.ts";
import { formatPosition, type Position, parsePosition } from "../log/position.ts";
import type { Relay } from "../log/relay.ts";
import { cookiesOf } from "./cookies.ts";

/** Told with each reply, and brought along with each request. */
export const POSITION_HEADER = "lineshaft-position";
/** The same for browsers. */
export const POSITION_COOKIE = "lineshaft_position";
/** How long a node waits to have heard a position, in milliseconds, before it reads from the database. */
export const POSITION_WAIT_MS = 500;
/** A node that is further behind is not asked: the cookie need not live longer. */
const COOKIE_SECONDS = 60;

export class Positions {
  readonly #relay: Relay;
  #position: Position = 0n;
  #text = "";

  constructor(relay: Relay) {
    this.#relay = relay;
  }

  /** What this node has heard; `null` while it hears nothing. */
  get current(): string | null {
    const { state, position } = this.#relay;
    if (state !== "streaming") return null;
    if (position !== this.#position) [this.#position, this.#text] = [position, formatPosition(position)];
    return this.#text;
  }

  /**
   * Whether what this node keeps is new enough for a request.
   *
   * @throws {Fault} INVALID_REQUEST for a header that is not a position.
   */
  isReached(request: IncomingMessage): boolean | Promise<boolean> {
    const wanted = wantedBy(request);
    if (wanted === null || wanted <= this.#relay.position) return true;
    // Who comes from another node may be the first here who asks for something that is kept.
    this.#relay.start();
    return this.#relay.waitFor(wanted, POSITION_WAIT_MS);
  }
}

/** The cookie for a browser that has written; `null` for other callers. */
export function cookieOf(position: string | null, { headers }: IncomingMessage, facts: RequestFacts): string | null {
  if (position === null || (headers.cookie === undefined && headers["sec-fetch-site"] === undefined)) return null;
  const secure = facts.origin.startsWith("https:") ? "; Secure" : "";
  return `${POSITION_COOKIE}=${position}; Path=/; Max-Age=${COOKIE_SECONDS}; HttpOnly; SameSite=Lax${secure}`;
}

function wantedBy({ headers }: IncomingMessage): Position | null {
  const { [POSITION_HEADER]: header, cookie } = headers;
  if (header !== undefined) return positionOf(POSITION_HEADER, String(header));
  if (!cookie?.includes(POSITION_COOKIE)) return null;
  return parsed(cookiesOf(cookie)[POSITION_COOKIE] ?? "");
}

/** The position in a header. @throws {Fault} INVALID_REQUEST */
export function positionOf(header: string, text: string): Position {
  const position = parsed(text);
  if (position !== null) return position;
  throw fault("INVALID_REQUEST", {
    detail: `The header ${header} holds "${text.slice(0, 40)}"; send what a reply told, such as 0/16B3748.`,
  });
}

function parsed(text: string): Position | null {
  try {
    return parsePosition(text);
  } catch {
    return null;
  }
}
