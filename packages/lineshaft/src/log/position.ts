/**
 * Position: a place in the commit order, a Postgres LSN. The only clock that all nodes share.
 *
 * Positions of one server and timeline compare as numbers. After a failover to a server that lacks the end of the log,
 * positions can repeat: whoever stores one stores it in the database that it belongs to.
 */

/** An LSN as a number: bytes of WAL since the beginning. */
export type Position = bigint;

const PATTERN = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i;
const HALF_BITS = 32n;
const HALF_MASK = 0xffff_ffffn;

/** `0/16B3748`, as Postgres writes it. */
export function formatPosition(position: Position): string {
  const high = (position >> HALF_BITS).toString(16);
  return `${high}/${(position & HALF_MASK).toString(16)}`.toUpperCase();
}

/** The opposite of `formatPosition`. @throws {TypeError} for what is not an LSN. */
export function parsePosition(text: string): Position {
  const [, high, low] = PATTERN.exec(text) ?? [];
  if (high === undefined) throw new TypeError(`"${text}" is not a position; expected one such as 0/16B3748.`);
  return (BigInt(`0x${high}`) << HALF_BITS) | BigInt(`0x${low}`);
}
