/** A node with a page, as a process that a test kills and starts again; and how its page says that it is there. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, poll } from "lineshaft/testkit";
import type { Page } from "playwright-core";

const START_MS_MAX = 30_000;
/** The longest pause between two attempts, and the attempt. */
const RECONNECT_MS_MAX = 15_000;

export const connectionOf = (page: Page) => page.locator(".connection");

export async function isLive(page: Page): Promise<void> {
  await connectionOf(page).getByText("Live", { exact: true }).waitFor({ timeout: RECONNECT_MS_MAX, state: "attached" });
}

export class Node {
  readonly url: string;
  readonly #program: string;
  readonly #environment: Record<string, string>;
  readonly #folder: string;
  #child: ChildProcess | null = null;

  private constructor(program: string, folder: string, port: number, databaseUrl: string) {
    this.url = `http://127.0.0.1:${port}`;
    this.#program = program;
    this.#folder = folder;
    this.#environment = { PORT: String(port), METRICS_PORT: "0", DATABASE_URL: databaseUrl, LOG_LEVEL: "error" };
  }

  /** @param program  The file that runs the app; its environment tells it all. */
  static async start(program: string, databaseUrl: string): Promise<Node> {
    const folder = await mkdtemp(join(tmpdir(), "lineshaft-web-"));
    const node = new Node(program, folder, await freePort(), databaseUrl);
    await node.restart();
    return node;
  }

  async restart(): Promise<void> {
    const env = { PATH: process.env["PATH"] ?? "", HOST: "127.0.0.1", ...this.#environment };
    this.#child = spawn(process.execPath, [this.#program], {
      cwd: this.#folder,
      env,
      stdio: ["ignore", "ignore", "inherit"],
    });
    const isReady = () =>
      fetch(`${this.url}/health/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    await poll(isReady, { timeoutMs: START_MS_MAX, what: "the node answers" });
  }

  async kill(): Promise<void> {
    if (this.#child === null || this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await gone;
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
