/** Cache figures: what our server tells of its cache in its metrics, between two looks. */
import type { CacheFigures } from "./result.ts";
import type { RunningServer } from "./servers.ts";

const NAMES = {
  hits: "lineshaft_cache_hits_total",
  misses: "lineshaft_cache_misses_total",
  staleSeconds: "lineshaft_cache_stale_seconds_sum",
  staleCount: "lineshaft_cache_stale_seconds_count",
} as const;

type Totals = Readonly<Record<keyof typeof NAMES, number>>;

async function totalsOf(metricsUrl: string): Promise<Totals> {
  const text = await (await fetch(metricsUrl)).text();
  const total = (name: string) => Number(new RegExp(`^${name} (.+)$`, "m").exec(text)?.[1] ?? 0);
  return Object.fromEntries(Object.entries(NAMES).map(([key, name]) => [key, total(name)])) as Totals;
}

/** Begins to watch; what it gives ends the watch and tells what was seen. `null` for servers without such metrics. */
export async function watchCache({ metricsUrl }: RunningServer): Promise<() => Promise<CacheFigures | null>> {
  if (metricsUrl === null) return async () => null;
  const before = await totalsOf(metricsUrl);
  return async () => {
    const after = await totalsOf(metricsUrl);
    const [hits, misses, count] = (["hits", "misses", "staleCount"] as const).map((key) => after[key] - before[key]);
    if (hits! + misses! === 0) return null;
    const staleMs = count! > 0 ? ((after.staleSeconds - before.staleSeconds) / count!) * 1_000 : null;
    return { hitShare: hits! / (hits! + misses!), staleMs };
  };
}
