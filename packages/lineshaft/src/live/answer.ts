/** Answer: what a group of subscribers is sent, whole or as a patch against the one before. Immutable but for that. */
import { hash } from "node:crypto";
import type { Position } from "../log/position.ts";
import { diff } from "./patch.ts";

/** Smaller answers are sent whole: a patch saves nothing. */
export const PATCHED_CHARS_MIN = 200;
/** Larger answers are sent whole: comparing them would hold up everybody else. */
export const PATCHED_CHARS_MAX = 1_048_576;

export class Answer {
  /** JSON. */
  readonly body: string;
  /** The answer is at least as new. */
  readonly position: Position;
  /** Equal for equal bodies. */
  readonly tag: string;
  #before: Answer | null;
  #patch: string | null | undefined;

  constructor(body: string, position: Position, before: Answer | null) {
    const isSame = before !== null && before.body === body;
    this.body = body;
    this.position = before !== null && before.position > position ? before.position : position;
    this.tag = isSame ? before.tag : hash("sha1", body, "base64url");
    this.#before = isSame ? null : before;
  }

  /** JSON Patch (RFC 6902) from the answer with a tag; `null` where there is none that is smaller than the body. */
  patchFrom(tag: string): string | null {
    if (this.#before?.tag !== tag) return null;
    if (this.#patch === undefined) this.#patch = patchOf(this.#before.body, this.body);
    return this.#patch;
  }

  /** Everybody has been told: the answer before is let go. */
  settle(): void {
    this.#before = null;
    this.#patch = undefined;
  }
}

function patchOf(before: string, after: string): string | null {
  if (after.length < PATCHED_CHARS_MIN || after.length > PATCHED_CHARS_MAX) return null;
  const operations = diff(JSON.parse(before), JSON.parse(after));
  if (operations === null) return null;
  const text = JSON.stringify(operations);
  return text.length < after.length ? text : null;
}
