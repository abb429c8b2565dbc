/**
 * Inspection: what all checks of one app share — the mistakes found so far, what was looked at already, and which
 * service owns which entity.
 */
import type { Declarations } from "./declarations.ts";
import { NAME_CHARS_MAX } from "./entity.ts";
import type { Mistake } from "./errors.ts";
import type { ServiceDefinition } from "./service.ts";
import { shapeKind } from "./shape.ts";
import { didYouMean } from "./suggest.ts";

/** Characters of a value that a message shows. */
const SHOWN_CHARS_MAX = 80;
/** Names that a message lists. */
const SHOWN_NAMES_MAX = 12;
/** Keys with a meaning on every JavaScript object: input under them could change a prototype. */
const PROTOTYPE_NAMES: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** What a message speaks of, and where it was declared. */
export interface Spot {
  readonly place: string;
  /** `Link.code`, `links.shorten, input.code`. */
  readonly what: string;
}

export class Inspection {
  readonly declarations: Declarations;
  readonly mistakes: Mistake[] = [];
  /** The first service that names an entity. */
  readonly owners: ReadonlyMap<object, ServiceDefinition>;
  readonly #seen = new Map<object, Set<string>>();

  constructor(declarations: Declarations) {
    this.declarations = declarations;
    const owners = new Map<object, ServiceDefinition>();
    for (const service of declarations.services) {
      for (const entity of Object.values(service.entities)) {
        if (shapeKind(entity) === "entity" && !owners.has(entity)) owners.set(entity, service);
      }
    }
    this.owners = owners;
  }

  add(spot: Spot, problem: string, wayOut: string): void {
    this.mistakes.push({ place: spot.place, problem: `${spot.what}: ${problem}`, wayOut });
  }

  /**
   * Whether this is the first question of this kind about a thing. A field is used by an entity and by many endpoints;
   * its mistake is told once, where it was declared.
   */
  once(thing: object, question: string): boolean {
    const questions = this.#seen.get(thing) ?? new Set();
    this.#seen.set(thing, questions);
    if (questions.has(question)) return false;
    questions.add(question);
    return true;
  }
}

/** A part of what a message speaks of. */
export function inside(spot: Spot, part: string): Spot {
  return { place: spot.place, what: `${spot.what}.${part}` };
}

/** A value as a message shows it. */
export function shown(value: unknown): string {
  const text = shownWhole(value);
  return text.length <= SHOWN_CHARS_MAX ? text : `${text.slice(0, SHOWN_CHARS_MAX)}…`;
}

function shownWhole(value: unknown): string {
  if (typeof value === "function") return value.name ? `the function or class ${value.name}` : "a function";
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "number" || value === undefined || typeof value === "symbol") return String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

/** Names for a message: `id, code, target`. */
export function listed(names: readonly string[]): string {
  const more = names.length > SHOWN_NAMES_MAX ? ` and ${names.length - SHOWN_NAMES_MAX} more` : "";
  return names.length === 0 ? "none" : names.slice(0, SHOWN_NAMES_MAX).join(", ") + more;
}

/** The way out where a word is not one of those that are known. */
export function oneOf(word: unknown, known: readonly string[]): string {
  const near = typeof word === "string" ? didYouMean(word, known) : null;
  return `${near === null ? "" : `Did you mean "${near}"? `}It is one of: ${listed(known)}.`;
}

/** Refuses a name that Postgres would cut or cannot hold. */
export function checkIdentifier(inspection: Inspection, spot: Spot, name: unknown): void {
  const wayOut = `Take a name of 1 to ${NAME_CHARS_MAX} bytes; Postgres cuts longer ones silently.`;
  if (typeof name !== "string") {
    inspection.add(spot, `the name is ${shown(name)}, not a text`, wayOut);
    return;
  }
  const bytes = Buffer.byteLength(name);
  if (bytes === 0) inspection.add(spot, "the name is empty", wayOut);
  else if (bytes > NAME_CHARS_MAX) inspection.add(spot, `the name ${shown(name)} is ${bytes} bytes long`, wayOut);
  else if (name.includes("\0") || !name.isWellFormed()) {
    inspection.add(
      spot,
      `the name ${shown(name)} holds a character that Postgres cannot keep`,
      "Take letters and digits.",
    );
  }
}

/** Refuses a key that JavaScript objects have a meaning of their own for. */
export function checkKey(inspection: Inspection, spot: Spot, key: string): void {
  if (!PROTOTYPE_NAMES.has(key)) return;
  inspection.add(spot, `the name "${key}" has a meaning of its own in JavaScript`, "Take another name.");
}
