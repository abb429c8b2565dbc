/**
 * Spoken: what is said on a channel, checked against its declaration and written as the others get it.
 */
import { type ChannelDefinition, isChannel, MESSAGE_BYTES_MAX, STATE_BYTES_MAX } from "../define/channel.ts";
import { Fault, fault } from "../define/errors.ts";
import type { Schemas } from "../define/shape.ts";
import { compileInput, type WireInput } from "./input.ts";
import { compileOutput } from "./output.ts";
import { readerOf } from "./stated.ts";

/** Characters of a topic: the channel's path and its input. */
export const TOPIC_CHARS_MAX = 512;

/** Checks a JSON object, and writes it as declared. @throws {Fault} INVALID_INPUT, BODY_TOO_LARGE */
type Speak = (wire: unknown) => string;

export class Spoken {
  readonly #channel: ChannelDefinition;
  readonly #payloads: ReadonlyMap<string, Speak>;
  readonly #state: Speak | null;

  constructor(channel: ChannelDefinition) {
    this.#channel = channel;
    const messages = Object.entries(channel.messages);
    this.#payloads = new Map(messages.map(([name, fields]) => [name, speakerOf(fields, MESSAGE_BYTES_MAX)]));
    this.#state = channel.state && speakerOf(channel.state, STATE_BYTES_MAX);
  }

  /**
   * A message as members get it, without who sent it: members of a JSON object.
   *
   * @throws {Fault} NOT_FOUND, INVALID_INPUT, BODY_TOO_LARGE
   */
  message(name: string, wire: unknown): string {
    const speak = this.#payloads.get(name);
    if (speak === undefined) {
      const known = [...this.#payloads.keys()].join(", ") || "none";
      throw fault("NOT_FOUND", { detail: `The channel has no message ${quoted(name)}; it has ${known}.` });
    }
    return `"name":${JSON.stringify(name)},"payload":${speak(wire)}`;
  }

  /** A member's state; `null` where the channel has none. @throws {Fault} INVALID_INPUT, BODY_TOO_LARGE */
  state(wire: unknown): string | null {
    if (this.#state !== null) return this.#state(wire ?? {});
    if (wire === undefined || wire === null) return null;
    throw fault("INVALID_INPUT", { detail: "The channel declares no state." });
  }

  /** The name of the topic that an input leads to. @throws {Fault} INVALID_INPUT */
  topic(values: Readonly<Record<string, unknown>>): string {
    const { path, input } = this.#channel.endpoint;
    const ordered = Object.keys(input).map((key) => [key, values[key]] as const);
    const topic = `${path} ${JSON.stringify(Object.fromEntries(ordered), asText)}`;
    if (topic.length <= TOPIC_CHARS_MAX) return topic;
    const detail = `Path and input of a channel have at most ${TOPIC_CHARS_MAX} characters, these ${topic.length}.`;
    throw fault("INVALID_INPUT", { detail });
  }
}

/** What the server says on a channel, ready to be sent. */
export interface Broadcasted {
  readonly topic: string;
  readonly rest: string;
}

/** Makes ready what a run says. That it is wrong is a bug of the run: the caller sees `INTERNAL`. @throws {Error} */
export function broadcasted(channel: unknown, input: unknown, name: string, payload: unknown): Broadcasted {
  if (!isChannel(channel)) throw new Error("broadcast: the first argument is not a channel.");
  const { path } = channel.endpoint;
  try {
    const spoken = spokenOf(channel);
    const values = readerOf(channel.endpoint)(structuredClone(input ?? {}) as WireInput);
    const wire = JSON.parse(JSON.stringify(payload, asText)) as unknown;
    return { topic: spoken.topic(values), rest: spoken.message(name, wire) };
  } catch (error) {
    const why = error instanceof Fault ? (error.detail ?? error.title) : String(error);
    throw new Error(`broadcast(${path}, "${name}"): ${why}`, { cause: error });
  }
}

const all = new WeakMap<ChannelDefinition, Spoken>();

/** What is compiled of a channel, once. */
export function spokenOf(channel: ChannelDefinition): Spoken {
  let spoken = all.get(channel);
  if (spoken === undefined) all.set(channel, (spoken = new Spoken(channel)));
  return spoken;
}

function speakerOf(fields: Schemas, bytesMax: number): Speak {
  const read = compileInput(fields, { closed: true });
  const { write } = compileOutput(fields)!;
  return (wire) => {
    const text = write(read(wire as WireInput));
    const bytes = Buffer.byteLength(text);
    if (bytes <= bytesMax) return text;
    throw fault("BODY_TOO_LARGE", { detail: `It has ${bytes} bytes as JSON; the limit is ${bytesMax}.` });
  };
}

function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 100));
}

/** JSON has no 64-bit numbers. */
function asText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
