/** Looked: notes which facts a run looks at, beside its input and the database. */
import type { RequestFacts } from "../define/endpoint.ts";

/** What a run has looked at. */
export class Looked {
  atActor = false;
  atNow = false;
  atOrigin = false;
  atRequest = false;
  /** The signal that it was given, if it asked for one. */
  signal: AbortSignal | null = null;
}

/** Facts of a request that note which of them are looked at. */
export class ObservedFacts implements RequestFacts {
  readonly #facts: RequestFacts;
  readonly #looked: Looked;

  constructor(facts: RequestFacts, looked: Looked) {
    this.#facts = facts;
    this.#looked = looked;
  }

  get origin(): string {
    this.#looked.atOrigin = true;
    return this.#facts.origin;
  }
  get address(): string {
    this.#looked.atRequest = true;
    return this.#facts.address;
  }
  get headers(): RequestFacts["headers"] {
    this.#looked.atRequest = true;
    return this.#facts.headers;
  }
  get id(): string {
    this.#looked.atRequest = true;
    return this.#facts.id;
  }
}
