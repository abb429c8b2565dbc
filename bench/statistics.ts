/**
 * Statistics: what is made of the figures of several rounds.
 *
 * Other work on the machine disturbs rounds, not servers: so two servers are compared round by round, within seconds,
 * and the ratio shown is the median of those ratios, never a ratio of figures from different times.
 */

/** The middle value; `NaN` of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The value below which this share of the values lies; `NaN` of nothing. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export interface Ratio {
  readonly median: number;
  /** Of the rounds. */
  readonly least: number;
  readonly most: number;
}

/** How values compare with those of the same rounds; `null` when there is no round with both. */
export function pairedRatio(values: readonly number[], base: readonly number[]): Ratio | null {
  const ratios = values.flatMap((value, index) => (base[index] ? [value / base[index]] : []));
  if (ratios.length === 0) return null;
  return { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) };
}
