/** Log lines for people: used on a terminal in development only. */
import prettyStream from "pino-pretty";

/** A synchronous stream that writes readable lines to standard output. */
export function pretty(): { write(line: string): void } {
  return prettyStream({
    colorize: process.stdout.isTTY,
    translateTime: "HH:MM:ss.l",
    ignore: "pid,hostname",
    singleLine: true,
    sync: true,
  });
}
