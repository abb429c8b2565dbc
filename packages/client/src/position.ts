/**
 * Positions: how a client reads its own writes on any node (QRY-3). Every reply tells one, the next request brings the
 * newest along, and no node answers with something older.
 */

export const POSITION_HEADER = "lineshaft-position";
/**
 * How long a position is brought along. A node is never that far behind; a database that was restored may never reach a
 * position from before, and each request would wait for it.
 */
export const POSITION_KEPT_MS = 60_000;

/** Positions compare as numbers; they are written as Postgres writes an LSN, `0/16B3748`. */
export function positionOf(text: string): bigint {
  const [high, low] = text.split("/");
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

/** The newest position that a client has heard of. */
export class NewestPosition {
  #text: string | null = null;
  #heardAtMs = 0;

  /** What to send along, or `null`. */
  get current(): string | null {
    if (this.#text !== null && Date.now() - this.#heardAtMs > POSITION_KEPT_MS) this.#text = null;
    return this.#text;
  }

  heard(text: string | null): void {
    if (text === null || (this.current !== null && positionOf(text) < positionOf(this.current!))) return;
    this.#text = text;
    this.#heardAtMs = Date.now();
  }
}
