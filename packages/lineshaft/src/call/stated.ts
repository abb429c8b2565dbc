/**
 * Stated: what a run says beside its writes, made ready for the transaction's outbox: events, and commands for later.
 *
 * A payload is checked when it is stated, so that what is stored can be handled. That it is wrong is a bug of the
 * command, not of its caller: it is thrown as an error that the caller sees as `INTERNAL`.
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { EventRow, WorkRow } from "../data/outbox.ts";
import type { Actor } from "../define/actor.ts";
import type { EndpointDefinition } from "../define/endpoint.ts";
import { Fault, fault } from "../define/errors.ts";
import type { EventDefinition } from "../define/event.ts";
import { LANES } from "../migrate/index.ts";
import { compileInput, invalidInput, type ReadInput, unstorableText, type WireInput } from "./input.ts";

/** Of a payload or an input, as JSON. What is larger belongs into a row, and its id into the event. */
export const PAYLOAD_BYTES_MAX = 65_536;
/** Longer keys are stored as their hash. */
const KEY_CHARS_MAX = 200;
/** Of the name of a run. */
const NAME_CHARS_MAX = 500;

const readers = new WeakMap<object, ReadInput>();

/** The reader of an endpoint's input or an event's payload, compiled once. */
export function readerOf(of: EndpointDefinition | EventDefinition): ReadInput {
  let read = readers.get(of);
  if (!read) {
    read = compileInput(of.kind === "event" ? of.fields : of.input, { closed: true });
    readers.set(of, read);
  }
  return read;
}

let keyless = 0;

/** An event as it is stored. @throws {Error} when the payload is not what was declared, or too large. */
export function eventRow(event: EventDefinition, payload: unknown, at: Date): EventRow {
  const name = event?.name;
  if (event?.kind !== "event") throw new Error("emit: the first argument is not an event; write emit(visited, { … }).");
  const text = JSON.stringify(payload, storable);
  const key = keyOf(event, checkedPayload(event, text));
  const lane = key === null ? keyless++ % LANES : crc32(key) % LANES;
  return { name, version: event.version, key, lane, at, payload: text };
}

/** 64-bit numbers are text in JSON. */
function storable(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}

/** Escapes of what the database cannot store as text. */
const SUSPECT = /\\u(?:0000|d[89a-f])/;

/** Reads what JSON says, as the text of a request is read. @throws {Fault} INVALID_INPUT */
function readStorable(read: ReadInput, text: string | undefined): WireInput {
  const wire = (text === undefined ? undefined : JSON.parse(text)) as WireInput;
  const errors = text !== undefined && SUSPECT.test(text) ? unstorableText(wire, "body") : [];
  if (errors.length > 0) throw invalidInput(errors);
  return read(wire);
}

/** The values of a payload, as handlers get them. */
function checkedPayload(event: EventDefinition, text: string | undefined): WireInput {
  const bytes = text === undefined ? 0 : Buffer.byteLength(text);
  if (bytes > PAYLOAD_BYTES_MAX) {
    throw new Error(
      `emit(${event.name}): the payload has ${bytes} bytes, and may have ${PAYLOAD_BYTES_MAX}. ` +
        "Keep large data in a row, and state its id.",
    );
  }
  try {
    return readStorable(readerOf(event), text);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Error(`emit(${event.name}): the payload is not valid: ${error.detail}`, { cause: error });
  }
}

/** What events are ordered by: equal values have one key, however they are written. `null`: one lacks a part of it. */
function keyOf(event: EventDefinition, values: WireInput): string | null {
  if (event.key.length === 0) return null;
  const parts = event.key.map((field) => partOf(values[field]));
  if (parts.includes(null)) return null;
  const [only] = parts;
  const key = parts.length === 1 && typeof only === "string" ? only : JSON.stringify(parts.length === 1 ? only : parts);
  return key.length <= KEY_CHARS_MAX ? key : createHash("sha256").update(key).digest("base64url");
}

function partOf(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  return typeof value === "bigint" ? value.toString() : (value ?? null);
}

/** What a command is remembered by until it runs. */
export function targetOf({ method, path }: EndpointDefinition): string {
  return `${method} ${path}`;
}

/**
 * A command for later, as it is stored.
 *
 * @throws {Fault} UNAUTHENTICATED, INVALID_INPUT, as `call` does. @throws {Error}
 */
export function commandRow(
  at: Date,
  command: EndpointDefinition,
  wire: unknown,
  { actor, name = crypto.randomUUID() }: { readonly actor: Actor; readonly name?: string | undefined },
): WorkRow {
  if (command?.kind !== "command") throw new Error("runAt: what runs later is a command: runAt(at, publish, { … }).");
  const target = targetOf(command);
  if (command.upload)
    throw new Error(`runAt(${target}): it takes a file, and nobody brings one later: store it first.`);
  if (command.actor === "account" && actor.kind !== "account") throw fault("UNAUTHENTICATED");
  if (!(at instanceof Date) || Number.isNaN(at.getTime()) || Math.abs(at.getUTCFullYear()) > 9_999) {
    throw new Error(`runAt(${target}): the time is ${String(at)}; it is a Date up to the year 9999.`);
  }
  if (name.length === 0 || name.length > NAME_CHARS_MAX || name.includes("\0")) {
    const is = name.includes("\0") ? "holds a NUL" : `has ${name.length}`;
    throw new Error(`runAt(${target}): a name has 1 to ${NAME_CHARS_MAX} characters, this one ${is}.`);
  }
  const input = JSON.stringify(wire ?? {});
  if (Buffer.byteLength(input) > PAYLOAD_BYTES_MAX) {
    throw new Error(
      `runAt(${target}): the input may have ${PAYLOAD_BYTES_MAX} bytes as JSON. Keep large data in a row.`,
    );
  }
  readStorable(readerOf(command), input);
  const lane = crc32(name) % LANES;
  return { kind: "command", target, lane, name, input, actor: JSON.stringify(actor), dueAt: at };
}
