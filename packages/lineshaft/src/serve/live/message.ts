/** Messages from a client of a socket: read, checked, and told apart (docs/wire-protocol.md). */
import { type Fault, fault } from "../../define/errors.ts";
import { type Position, parsePosition } from "../../log/position.ts";
import { URL_CHARS_MAX } from "../routes.ts";

export type ClientMessage =
  | { readonly type: "hello"; readonly token: string }
  | { readonly type: "subscribe"; readonly id: number; readonly path: string; readonly position: Position | null }
  | { readonly type: "unsubscribe"; readonly id: number }
  | { readonly type: "join"; readonly id: number; readonly path: string; readonly state: unknown }
  | { readonly type: "state"; readonly id: number; readonly state: unknown }
  | { readonly type: "send"; readonly id: number; readonly name: string; readonly payload: unknown };

/** @throws {Fault} INVALID_JSON, INVALID_REQUEST: both end the connection. */
export function readMessage(text: string): ClientMessage {
  const message = parsed(text);
  const { type, id, path, position, token, state, name, payload } = message;
  switch (type) {
    case "hello":
      if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token)) throw wrong('"token" must be a text.');
      return { type, token };
    case "subscribe":
      return { type, id: idOf(id), path: pathOf(path), position: positionOf(position) };
    case "unsubscribe":
      return { type, id: idOf(id) };
    case "join":
      return { type, id: idOf(id), path: pathOf(path), state };
    case "state":
      return { type, id: idOf(id), state };
    case "send":
      if (typeof name !== "string") throw wrong('"name" must be a text.');
      return { type, id: idOf(id), name, payload };
    default:
      throw wrong(`"type" must be one of ${TYPES}.`);
  }
}

const TYPES = "hello, subscribe, unsubscribe, join, state, send";

/** A number as the client chooses it. */
function idOf(value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 1) return value as number;
  throw wrong('"id" must be a whole number from 1.');
}

function pathOf(value: unknown): string {
  if (typeof value !== "string" || !value.startsWith("/")) throw wrong('"path" must be a text that begins with "/".');
  if (value.length <= URL_CHARS_MAX) return value;
  throw wrong(`"path" has ${value.length} characters; the limit is ${URL_CHARS_MAX}.`);
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw fault("INVALID_JSON", { detail: "The message is not JSON." });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw wrong("A message is a JSON object.");
}

function positionOf(value: unknown): Position | null {
  if (value === undefined || value === null) return null;
  try {
    return parsePosition(String(value));
  } catch {
    throw wrong('"position" must be what an answer told, such as "0/16B3748".');
  }
}

function wrong(detail: string): Fault {
  return fault("INVALID_REQUEST", { detail });
}
