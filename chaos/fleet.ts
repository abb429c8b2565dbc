/** Fleet: several nodes of an app on one Postgres, each a process of its own, that can be killed and stopped. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";

const START_MS = 60_000;
const LOOK_MS = 20;

export interface Reply {
  readonly status: number;
  /** The counter, of an answer that is one. */
  readonly value: number;
  readonly position: string | undefined;
}

/** One node, and the next process in its place when it is killed. */
export class FleetNode {
  readonly port: number;
  readonly metricsPort: number;
  readonly #databaseUrl: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  #child: ChildProcess | null = null;

  private constructor(port: number, metricsPort: number, databaseUrl: string) {
    this.port = port;
    this.metricsPort = metricsPort;
    this.#databaseUrl = databaseUrl;
  }

  static async start(databaseUrl: string): Promise<FleetNode> {
    const node = new FleetNode(await freePort(), await freePort(), databaseUrl);
    await node.start();
    return node;
  }

  /** Starts the process and waits until it answers. */
  async start(): Promise<void> {
    this.#child = spawn(process.execPath, [join(import.meta.dirname, "counters.ts")], {
      env: {
        ...{ PATH: process.env.PATH, NODE_ENV: "production", HOST: "127.0.0.1", LOG_LEVEL: "error" },
        ...{ PORT: String(this.port), METRICS_PORT: String(this.metricsPort), DATABASE_URL: this.#databaseUrl },
        ...{ LINESHAFT_SECRET: "counters keep no secret from anybody", LINESHAFT_PARENT_FD: "3" },
      },
      stdio: ["ignore", "ignore", "inherit", "pipe"],
    });
    this.#child.stdio[3]?.on("error", () => {});
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
      }
    }
  }

  async untilAnswers(): Promise<void> {
    const deadline = performance.now() + START_MS;
    while (performance.now() < deadline) {
      const reply = await this.ask("GET", "/health/ready").catch(() => null);
      if (reply?.status === 200) return;
      if (this.#child!.exitCode !== null) throw new Error(`The node on port ${this.port} ended by itself.`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    throw new Error(`The node on port ${this.port} did not answer within ${START_MS} ms.`);
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child!;
    const gone = child.exitCode === null && child.signalCode === null ? once(child, "exit") : null;
    child.kill(signal);
    await gone;
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#child?.kill(signal);
  }

  ask(method: string, path: string, position?: string): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const headers = position === undefined ? {} : { "lineshaft-position": position };
      const sent = request({ port: this.port, host: "127.0.0.1", method, path, headers, agent: this.#agent });
      sent.once("error", reject).once("response", (response) => {
        const chunks: Buffer[] = [];
        response
          .on("data", (chunk) => chunks.push(chunk))
          .once("error", reject)
          .once("end", () => {
            const text = Buffer.concat(chunks).toString();
            const told = response.headers["lineshaft-position"];
            const { value = 0 } = text.startsWith("{") ? (JSON.parse(text) as { value?: number }) : {};
            resolve({ status: response.statusCode!, value, position: typeof told === "string" ? told : undefined });
          });
      });
      sent.end();
    });
  }

  /** The value of a metric without labels, or with these. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`http://127.0.0.1:${this.metricsPort}/metrics`)).text();
    const lines = text.split("\n").filter((line) => line.startsWith(name) && !line.startsWith("#"));
    return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}
