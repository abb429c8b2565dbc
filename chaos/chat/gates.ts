/**
 * Gates: the networks between groups of clients and the nodes. Each leads to a node that lives, its own one if it can:
 * what a load balancer does, with a check of health twice a second. Connections that are there stay where they are.
 */
import type { FleetNode } from "../fleet.ts";
import { TcpProxy } from "../proxy.ts";

const CHECK_EACH_MS = 500;
const CHECK_MS = 1_000;
/** Longer than a node takes to find out by itself that a client is gone. */
const FORGOTTEN_MS = 120_000;

export class Gates implements AsyncDisposable {
  readonly proxies: TcpProxy[] = [];
  readonly #nodes: readonly FleetNode[];
  readonly #isWell: boolean[];
  readonly #made = new AsyncDisposableStack();

  private constructor(nodes: readonly FleetNode[]) {
    this.#nodes = nodes;
    this.#isWell = nodes.map(() => true);
    for (const [at, node] of nodes.entries()) {
      let isAsking = false;
      const check = async () => {
        if (isAsking) return;
        isAsking = true;
        const reply = await node.ask("GET", "/health/ready", { timeoutMs: CHECK_MS }).catch(() => null);
        this.#isWell[at] = reply?.status === 200;
        isAsking = false;
      };
      const timer = setInterval(() => void check(), CHECK_EACH_MS);
      this.#made.defer(() => clearInterval(timer));
    }
  }

  /** As many gates as nodes. */
  static async open(nodes: readonly FleetNode[]): Promise<Gates> {
    const gates = new Gates(nodes);
    for (const at of nodes.keys()) {
      const proxy = await TcpProxy.open(() => gates.#portFor(at), { forgottenMs: FORGOTTEN_MS });
      gates.proxies.push(gates.#made.use(proxy));
    }
    return gates;
  }

  urlOf(group: number): string {
    return `http://127.0.0.1:${this.proxies[group % this.proxies.length]!.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#made.disposeAsync();
  }

  #portFor(group: number): number {
    const nodes = this.#nodes.map((_, at) => (group + at) % this.#nodes.length);
    const at = nodes.find((each) => this.#isWell[each] && this.#nodes[each]!.isAlive) ?? nodes[0]!;
    return this.#nodes[at]!.port;
  }
}
