/** Child: a part of a bench in a process of its own, so that its processor time and memory are its own, too. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What goes between the processes: one question at a time, each with one answer. */
type Answers = (question: string) => Promise<unknown>;

export class Child implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly pid: number;

  private constructor(process: ChildProcess) {
    this.#process = process;
    this.pid = process.pid!;
  }

  /** Starts a file that calls `answerParent`. */
  static async start(file: string, ...args: readonly string[]): Promise<Child> {
    const child = new Child(fork(file, args));
    await child.#answer();
    return child;
  }

  async ask<TAnswer>(question: string): Promise<TAnswer> {
    this.#process.send(question);
    return (await this.#answer()) as TAnswer;
  }

  /** @throws {Error} when the child ends instead; what went wrong is on its standard error. */
  async #answer(): Promise<unknown> {
    const ended = new AbortController();
    try {
      const message = once(this.#process, "message", ended).then(([answer]) => answer);
      const exit = once(this.#process, "exit", ended).then(([code, signal]) => {
        throw new Error(`${this.#process.spawnargs.slice(1).join(" ")} ended with ${code ?? signal}.`);
      });
      exit.catch(() => {});
      message.catch(() => {});
      return await Promise.race([message, exit]);
    } finally {
      ended.abort();
    }
  }

  /** Ends it at once, as a crash would. */
  async kill(): Promise<void> {
    const exit = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, "exit");
    this.#process.disconnect();
    await exit;
  }
}

/** In the child: answers the parent until that is gone; then `stop`, and the process ends. */
export function answerParent(answers: Answers, stop: () => Promise<void>): void {
  process.on("message", async (question: string) => void process.send!(await answers(question)));
  process.once("disconnect", async () => {
    await stop();
    process.exit();
  });
  process.send!("ready");
}

/** Collects garbage, so that memory is what is held. */
export function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}

/** Microseconds of processor time, user and system, of this process. */
export function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
