/**
 * Contenders: the servers of the channels bench, each in a process of its own.
 *
 * The file of a contender has an `open(place)` that listens. To add one: a file in `servers/channels/`, what its
 * clients say in `channels-dialect.ts`, and a line in `CONTENDERS`.
 */
import { join } from "node:path";
import type { DIALECTS } from "./channels-dialect.ts";
import { Child } from "./child.ts";
import { OURS } from "./events-contender.ts";

/** What a server is given. */
export interface ChannelsPlace {
  /** 0: one that nobody has. */
  readonly port: number;
  /** Of ours alone. */
  readonly databaseUrl: string;
  /** Whether a peer checks payloads, as ours does. */
  readonly isChecked: boolean;
}

export interface ChannelsServer {
  readonly port: number;
  close(): Promise<void>;
}

export interface ContenderKind {
  readonly name: string;
  /** For people. */
  readonly title: string;
  readonly file: string;
  readonly dialect: keyof typeof DIALECTS;
  /** The package whose version is told; `null`: ours, or one that ours uses. */
  readonly package: string | null;
  readonly isChecked: boolean;
  /** Whether it only takes part in the broadcast: the others also hold many sockets, and fall. */
  readonly isAside: boolean;
}

export const SOCKETIO = "socketio";
const peer = { file: "socketio.mjs", dialect: "socketio", package: "socket.io" } as const;

/** In the order of a round. */
export const CONTENDERS: readonly ContenderKind[] = [
  {
    ...{ name: OURS, title: "Lineshaft", file: "lineshaft.ts", dialect: "lineshaft", package: null },
    ...{ isChecked: true, isAside: false },
  },
  { ...peer, name: SOCKETIO, title: "Socket.IO", isChecked: false, isAside: false },
  { ...peer, name: "checked", title: "Socket.IO, Zod", isChecked: true, isAside: true },
  {
    ...{ name: "plain", title: "ws, rooms by hand", file: "plain.ts", dialect: "plain", package: null },
    ...{ isChecked: false, isAside: true },
  },
];

/** What a server has cost so far, and holds. */
export interface ServerUsage {
  readonly cpuMicros: number;
  readonly residentBytes: number;
  /** On the heap of JavaScript and outside it. */
  readonly heldBytes: number;
}

const SERVER_FILE = join(import.meta.dirname, "channels-server.ts");

/** A server in its process. */
export class Node implements AsyncDisposable {
  readonly #child: Child;
  readonly port: number;

  private constructor(child: Child, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start({ file, isChecked }: ContenderKind, databaseUrl: string, port = 0): Promise<Node> {
    const place: ChannelsPlace = { port, databaseUrl, isChecked };
    const child = await Child.start(SERVER_FILE, file, JSON.stringify(place));
    return new Node(child, await child.ask<number>("port"));
  }

  /** @param isCollected  Whether garbage is collected first. */
  usage(isCollected = false): Promise<ServerUsage> {
    return this.#child.ask<ServerUsage>(isCollected ? "collected" : "usage");
  }

  /** Ends it without a word to anybody. */
  kill(): Promise<void> {
    return this.#child.kill();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#child[Symbol.asyncDispose]();
  }
}
