/**
 * Request figures: answered requests by route, method and status, and how long they took.
 *
 * A counter and a histogram in Prometheus' terms, kept as plain numbers and written out when they are asked for: each
 * answer pays for two additions, where general metrics cost as much as the rest of a kept answer's bookkeeping.
 */
import type { Metric, Registry } from "prom-client";

interface Sample {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** One route and method. */
class Tally {
  readonly labels: { readonly route: string; readonly method: string };
  /** By status; what is asked of it most is short. */
  readonly #statuses = new Map<number, number>();
  /** By bucket, with one more for what is above all bounds; not yet added up. */
  readonly #buckets: Float64Array;
  readonly #bounds: readonly number[];
  #seconds = 0;

  constructor(route: string, method: string, bounds: readonly number[]) {
    this.labels = { route, method };
    this.#bounds = bounds;
    this.#buckets = new Float64Array(bounds.length + 1);
  }

  add(status: number, seconds: number): void {
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    this.#seconds += seconds;
    let bucket = 0;
    while (bucket < this.#bounds.length && seconds > this.#bounds[bucket]!) bucket++;
    this.#buckets[bucket]!++;
  }

  counts(): Sample[] {
    return [...this.#statuses].map(([status, value]) => ({ labels: { ...this.labels, status }, value }));
  }

  times(name: string): Sample[] {
    let count = 0;
    const buckets = Array.from(this.#buckets, (value, index): Sample => {
      count += value;
      const le = this.#bounds[index] ?? "+Inf";
      return { metricName: `${name}_bucket`, labels: { le, ...this.labels }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels: this.labels, value: this.#seconds },
      { metricName: `${name}_count`, labels: this.labels, value: count },
    ];
  }
}

export class RequestFigures {
  readonly #bounds: readonly number[];
  /** By route, then by method: both are texts that live as long as the app, so looking them up reads none of them. */
  readonly #tallies = new Map<string, Map<string, Tally>>();

  /** @param bounds  Of the histogram, in seconds. */
  constructor(registry: Registry, bounds: readonly number[]) {
    this.#bounds = bounds;
    const register = (type: "counter" | "histogram", name: string, help: string, values: () => Sample[]) => {
      const metric = { name, get: async () => ({ name, help, type, values: values(), aggregator: "sum" }) };
      // All that a registry asks of a metric, which its type does not say.
      registry.registerMetric(metric as unknown as Metric);
    };
    const all = (samplesOf: (tally: Tally) => Sample[]) =>
      [...this.#tallies.values()].flatMap((byMethod) => [...byMethod.values()].flatMap(samplesOf));
    const counter = "lineshaft_http_requests_total";
    register("counter", counter, "Answered requests", () => all((tally) => tally.counts()));
    const histogram = "lineshaft_http_request_seconds";
    const help = "Time from the whole head of a request to its answer, in seconds";
    register("histogram", histogram, help, () => all((tally) => tally.times(histogram)));
  }

  /** Counts an answer. `route` is one of the app's, or a word for those that have none. */
  add(route: string, method: string, status: number, seconds: number): void {
    let byMethod = this.#tallies.get(route);
    if (byMethod === undefined) this.#tallies.set(route, (byMethod = new Map()));
    let tally = byMethod.get(method);
    if (tally === undefined) byMethod.set(method, (tally = new Tally(route, method, this.#bounds)));
    tally.add(status, seconds);
  }
}
