/**
 * Presence: whether all who are in a room's channel see who is there, and how long it takes.
 *
 * The truth is what the clients themselves know: who wants to be in the channel, and with which key it is.
 * Two times are measured: `gone`, until nobody who is connected is shown a membership that is no more, and `right`,
 * until everybody is a member and is shown all of them, and nobody else, each with its latest state.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Crew } from "./crew.ts";
import type { Seat } from "./seat.ts";

const LOOK_MS = 20;
const STABLE_MS = 500;

const listOf = ({ channel }: Seat) => channel?.state().members ?? [];

/** Those who are in the channel of a room, or should be. */
function wantedIn({ seats }: Crew, room: string): Seat[] {
  return seats.filter((seat) => seat.room === room && seat.isWanted);
}

/** What is wrong now; `null`: nothing. */
export function wrongNow(crew: Crew): string | null {
  for (const room of crew.rooms) {
    const seats = wantedIn(crew, room);
    const away = seats.find(({ key }) => key === null);
    if (away) return `${away.person} is not in the channel of ${room}`;
    const truth = seats
      .map((seat) => `${seat.key} ${seat.account} ${seat.status}`)
      .sort()
      .join("\n");
    for (const seat of seats) {
      const shown = listOf(seat).map(({ key, member, state }) => `${key} ${member.account} ${state.status}`);
      if (shown.sort().join("\n") === truth) continue;
      return `${seat.person} is shown in ${room}:\n${shown.join("\n")}\ninstead of:\n${truth}`;
    }
  }
  return null;
}

/**
 * Until presence is right, and stays so: clients that have not found out yet what has happened to them are wrong later.
 * In milliseconds, or what is wrong.
 *
 * @param onWrong  Is told of what is wrong whenever that changes.
 */
export async function untilRight(
  crew: Crew,
  timeoutMs: number,
  onWrong: (wrong: string) => void = () => {},
): Promise<number | string> {
  const startMs = performance.now();
  let rightMs = startMs;
  let before: string | null = null;
  for (;;) {
    const wrong = wrongNow(crew);
    const nowMs = performance.now();
    if (wrong !== null && wrong !== before) onWrong(wrong);
    before = wrong;
    if (wrong !== null) rightMs = nowMs;
    else if (nowMs - rightMs > STABLE_MS) return rightMs - startMs;
    if (wrong !== null && nowMs - startMs > timeoutMs) return wrong;
    await pause(LOOK_MS);
  }
}

/** Who still is shown one of these keys, of those who are connected and have another. */
function whoSees(crew: Crew, keys: ReadonlySet<string>): Seat | undefined {
  const connected = crew.seats.filter(({ isWanted, key }) => isWanted && key !== null && !keys.has(key));
  return connected.find((seat) => listOf(seat).some(({ key }) => keys.has(key)));
}

/** Until nobody is shown these keys: in milliseconds from a time on, or `null`. */
export async function untilGone(
  crew: Crew,
  keys: ReadonlySet<string>,
  { sinceMs, timeoutMs }: { readonly sinceMs: number; readonly timeoutMs: number },
): Promise<number | null> {
  for (;;) {
    const ms = performance.now() - sinceMs;
    if (!whoSees(crew, keys)) return ms;
    if (ms > timeoutMs) return null;
    await pause(LOOK_MS);
  }
}
