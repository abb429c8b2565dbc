/**
 * Output: log lines on standard output. Lines of one turn of the event loop are written together, at its end or when
 * they are `TOGETHER_BYTES`, whichever comes first: a write for each costs as much as a small answer.
 *
 * Promises. A process that ends, also by an error that nobody caught, has written all its lines.
 * Not promised. One that is killed (`kill -9`) can lose the lines of the turn it was in.
 */
import { pino } from "pino";

/** Lines are kept back up to here. */
export const TOGETHER_BYTES = 8_192;

interface Output {
  write(line: string): void;
}

let output: Output | null = null;

/** The one output of this process. */
export function standardOutput(): Output {
  return (output ??= open());
}

function open(): Output {
  const file = pino.destination({ fd: 1, sync: true, minLength: TOGETHER_BYTES });
  let isFlushing = false;
  const flush = (): void => {
    isFlushing = false;
    // Writes at once, as `sync` says; its `flushSync` would try a pipe that is gone again for ever.
    file.flush();
  };
  process.on("exit", flush);
  return {
    write(line) {
      file.write(line);
      if (isFlushing) return;
      isFlushing = true;
      setImmediate(flush);
    },
  };
}
