/** Subscribers: clients with a live query on each node, who write down what they are shown. */
import { createClient } from "../packages/client/src/index.ts";
import { poll } from "../packages/lineshaft/src/testkit/index.ts";
import type * as bank from "./bank.ts";
import type { FleetNode } from "./fleet.ts";
import type { History } from "./history.ts";

export type Values = Readonly<Record<string, number>>;

/** The canary goes deaf after so many answers. */
const HEARD_MAX = 20;

export class Subscribers {
  readonly shown: Record<string, Values> = {};
  readonly #clients: { readonly $close: () => void }[];

  /** @param isDeaf  The canary: after a while nobody listens any more. */
  constructor(nodes: readonly FleetNode[], history: History, isDeaf: boolean) {
    this.#clients = nodes.map(({ url, port }) => {
      const client = createClient<{ bank: typeof bank }>({ url });
      const subscriber = `subscriber on ${port}`;
      let heard = 0;
      this.shown[subscriber] = {};
      const subscribe = () => {
        const onProblem = () => void setTimeout(subscribe, 200).unref();
        client.bank.counters.subscribe(
          {},
          ({ counters }) => {
            if (isDeaf && ++heard > HEARD_MAX) return;
            const values = Object.fromEntries(counters.map(({ name, value }) => [name, value]));
            this.shown[subscriber] = values;
            history.add({ kind: "answer", subscriber, values });
          },
          { onProblem },
        );
      };
      subscribe();
      return client;
    });
  }

  /** Waits until all see these values; false when some do not within the time. */
  async untilAllSee(truth: Values, timeoutMs: number): Promise<boolean> {
    const isTrue = (values: Values) => Object.entries(truth).every(([name, value]) => values[name] === value);
    const all = () => Object.values(this.shown).every(isTrue);
    return poll(all, { timeoutMs, what: "subscribers" }).then(
      () => true,
      () => false,
    );
  }

  close(): void {
    for (const client of this.#clients) client.$close();
  }
}
