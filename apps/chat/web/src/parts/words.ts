/** Times and sizes in words, as the browser's language has them. */
const time = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const dayOfYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

const DAY_MS = 86_400_000;
const KILOBYTE = 1_000;

export function sayTime(at: string): string {
  return time.format(new Date(at));
}

export function sayMoment(at: string): string {
  return whole.format(new Date(at));
}

/** A day as people call it. */
export function sayDay(at: string, now = new Date()): string {
  const then = new Date(at);
  if (isSameDay(then, now)) return "Today";
  if (isSameDay(then, new Date(now.getTime() - DAY_MS))) return "Yesterday";
  return (then.getFullYear() === now.getFullYear() ? day : dayOfYear).format(then);
}

/** Short: the time today, the day before that. */
export function sayWhen(at: string): string {
  return isSameDay(new Date(at), new Date()) ? sayTime(at) : sayMoment(at);
}

export function isSameDay(one: Date, other: Date): boolean {
  return one.toDateString() === other.toDateString();
}

export function saySize(bytes: number): string {
  if (bytes < KILOBYTE) return `${bytes} bytes`;
  const kilobytes = bytes / KILOBYTE;
  return kilobytes < KILOBYTE ? `${Math.round(kilobytes)} kB` : `${(kilobytes / KILOBYTE).toFixed(1)} MB`;
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

export function sayNames(names: readonly string[]): string {
  if (names.length < 2) return names.join();
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
