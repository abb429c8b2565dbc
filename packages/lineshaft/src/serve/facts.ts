/** Facts: what a `run` can know of the request that called it. */
import type { IncomingMessage } from "node:http";
import type { RequestFacts } from "../define/endpoint.ts";
import type { Origins } from "./origins.ts";

/** Facts of the request, worked out when they are asked for. */
export class Facts implements RequestFacts {
  readonly id: string;
  readonly #request: IncomingMessage;
  readonly #origins: Origins;

  constructor(request: IncomingMessage, id: string, origins: Origins) {
    this.id = id;
    this.#request = request;
    this.#origins = origins;
  }

  get headers(): RequestFacts["headers"] {
    return this.#request.headers;
  }
  get origin(): string {
    return this.#origins.originOf(this.#request);
  }
  get address(): string {
    return this.#origins.addressOf(this.#request);
  }
}
