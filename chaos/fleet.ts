/** Fleet: several nodes of an app on one Postgres, each a process of its own, that can be killed and stopped. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { freePort } from "../packages/lineshaft/src/testkit/free-port.ts";

const START_MS = 60_000;
const LOOK_MS = 20;
const START_PAUSE_MS = 200;

export interface Reply {
  readonly status: number;
  /** What was answered, when that is JSON; else `null`. */
  readonly body: unknown;
  readonly position: string | undefined;
}

/** What a node runs, and on what. */
export interface NodeOptions {
  /** File of the app. */
  readonly app: string;
  readonly databaseUrl: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Descriptor of a file for what the node prints. Default: errors go to our standard error. */
  readonly output?: number;
}

/** What goes along with a call. */
export interface AskOptions {
  readonly position?: string | undefined;
  readonly body?: object;
  /** Given up after this. Default: waits for ever. */
  readonly timeoutMs?: number;
}

/** What must not outlive us: a process that stands still does not see that we are gone. */
const living = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of living) child.kill("SIGKILL");
});

/** One node, and the next process in its place when it is killed. */
export class FleetNode {
  readonly port: number;
  readonly metricsPort: number;
  readonly #options: NodeOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  #child: ChildProcess | null = null;

  private constructor(port: number, metricsPort: number, options: NodeOptions) {
    this.port = port;
    this.metricsPort = metricsPort;
    this.#options = options;
  }

  static async start(options: NodeOptions): Promise<FleetNode> {
    const node = new FleetNode(await freePort(), await freePort(), options);
    await node.start();
    return node;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get isAlive(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Starts the process and waits until it answers. */
  async start(): Promise<void> {
    const { app, databaseUrl, env, output } = this.#options;
    this.#child = spawn(process.execPath, [app], {
      env: {
        ...{ PATH: process.env.PATH, NODE_ENV: "production", HOST: "127.0.0.1", LOG_LEVEL: "error" },
        ...{ PORT: String(this.port), METRICS_PORT: String(this.metricsPort), DATABASE_URL: databaseUrl },
        ...{ LINESHAFT_SECRET: "this fleet keeps no secret from anybody", LINESHAFT_PARENT_FD: "3" },
        // Nodes start again and again; tests keep what has been compiled (`tools/test.ts`).
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
        ...env,
      },
      stdio: ["ignore", output ?? "ignore", output ?? "inherit", "pipe"],
    });
    const child = this.#child;
    living.add(child);
    child.once("exit", () => living.delete(child));
    child.stdio[3]?.on("error", () => {});
    await this.untilAnswers();
  }

  /** The same while the database may be away: a node that cannot start ends, and is started again. */
  async startAgain(): Promise<void> {
    const deadline = performance.now() + START_MS;
    for (;;) {
      try {
        return await this.start();
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, START_PAUSE_MS));
      }
    }
  }

  async untilAnswers(): Promise<void> {
    const deadline = performance.now() + START_MS;
    while (performance.now() < deadline) {
      const reply = await this.ask("GET", "/health/ready", { timeoutMs: START_MS }).catch(() => null);
      if (reply?.status === 200) return;
      if (!this.isAlive) throw new Error(`The node on port ${this.port} ended by itself.`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    throw new Error(`The node on port ${this.port} did not answer within ${START_MS} ms.`);
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child!;
    const gone = this.isAlive ? once(child, "exit") : null;
    child.kill(signal);
    await gone;
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#child?.kill(signal);
  }

  ask(method: string, path: string, { position, body, timeoutMs }: AskOptions = {}): Promise<Reply> {
    const { port } = this;
    return new Promise((resolve, reject) => {
      const headers = {
        ...(position === undefined ? {} : { "lineshaft-position": position }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      };
      const signal = timeoutMs === undefined ? {} : { signal: AbortSignal.timeout(timeoutMs) };
      const sent = request({ port, host: "127.0.0.1", method, path, headers, agent: this.#agent, ...signal });
      sent.on("error", reject).once("response", (response) => {
        const chunks: Buffer[] = [];
        response
          .on("data", (chunk) => chunks.push(chunk))
          .on("error", reject)
          .once("end", () => {
            const told = response.headers["lineshaft-position"];
            const position = typeof told === "string" ? told : undefined;
            resolve({ status: response.statusCode!, body: readJson(Buffer.concat(chunks).toString()), position });
          });
      });
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** The value of a metric without labels, or with these. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`http://127.0.0.1:${this.metricsPort}/metrics`)).text();
    const lines = text.split("\n").filter((line) => line.startsWith(name) && !line.startsWith("#"));
    return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
