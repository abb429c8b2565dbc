/**
 * A clock that the test moves.
 *
 * It gives `now` to every `run` and to the sessions of accounts. The database keeps its own time: a `field.now()` that
 * the database fills in, and `now()` in SQL, are not moved.
 */

const UNITS_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** A span of time: `"90s"`, `"2h"`, `"30d"`, or a number of milliseconds. */
export type Duration = `${number}${keyof typeof UNITS_MS}` | number;

/** A span of time in milliseconds. @throws {RangeError} for what is not a duration, or is negative. */
export function durationMs(duration: Duration): number {
  const [, count, unit] = typeof duration === "number" ? [] : (DURATION.exec(duration) ?? []);
  const ms = typeof duration === "number" ? duration : Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS];
  if (Number.isFinite(ms) && ms >= 0) return ms;
  throw new RangeError(`"${duration}" is not a duration: write "500ms", "90s", "15m", "2h" or "30d", and never back.`);
}

/**
 * Without a start it runs as the machine's clock does, ahead by what the test has added. With one it stands still, and
 * only `advance` and `set` move it.
 *
 * @example
 * await using app = await startTestApp(options, { clock: new TestClock("2026-02-01T12:00:00Z") });
 * app.clock.advance("2h");
 */
export class TestClock {
  readonly #base: () => number;
  #offsetMs = 0;

  constructor(start?: Date | string | (() => Date)) {
    if (typeof start === "function") {
      this.#base = () => start().getTime();
    } else {
      const instantMs = start === undefined ? null : new Date(start).getTime();
      if (Number.isNaN(instantMs)) throw new RangeError(`"${start}" is not an instant: write "2026-02-01T12:00:00Z".`);
      this.#base = instantMs === null ? Date.now : () => instantMs;
    }
  }

  now(): Date {
    return new Date(this.#base() + this.#offsetMs);
  }

  /** Moves forward, and tells where it is now. */
  advance(duration: Duration): Date {
    this.#offsetMs += durationMs(duration);
    return this.now();
  }

  /** Moves to an instant, earlier or later. */
  set(instant: Date | string): Date {
    const instantMs = new Date(instant).getTime();
    if (Number.isNaN(instantMs)) throw new RangeError(`"${instant}" is not an instant: write "2026-02-01T12:00:00Z".`);
    this.#offsetMs = instantMs - this.#base();
    return this.now();
  }
}
