/**
 * Nothing outlives the launcher: the watchdog, and the gate every Postgres program starts through.
 *
 * Why a pipe and not `setpriv --pdeathsig`: the death signal is Linux only, is lost when the user changes, and fires
 * when the *thread* that started the process ends. A pipe closes when its holder is gone, whatever killed it, on any
 * system, and a shell that reads it can also escalate and clean up, which a signal cannot.
 *
 * Model. The watchdog is a shell, child of the launcher, with a pipe as its input. It reads process ids, one a line;
 * the last one is the charge, 0 is none. At the end of input it stops the charge (SIGINT, then SIGQUIT, then SIGKILL),
 * removes the socket folder and ends. A gate closes the gap between "started" and "watched": a program starts as a
 * shell that waits for a line on descriptor 3 and then becomes the program, with the same id. The id goes to the
 * watchdog before that line, and what was written to a pipe is delivered even when the writer is dead. So at no instant
 * is there a Postgres without a watchdog that knows it.
 *
 * Both get the lock's descriptor, so the folder counts as in use until the last of them is gone, and both are sessions
 * of their own, so Ctrl-C in a terminal reaches the launcher alone and the app can end its work first.
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import type { Identity } from "./identity.ts";

const RESPAWN_MS = 200;

/** Descriptor 3 is the gate, 4 the lock. */
const GATE = 'read -r go <&3 || exit 70; exec "$@" 3<&-';

const WATCHDOG = `
trap "" INT TERM HUP QUIT
charge=0
while read -r next; do charge=$next; done
runs() {
  kill -0 "$charge" 2>/dev/null || return 1
  { read -r state <"/proc/$charge/stat"; } 2>/dev/null || return 0
  case "$state" in *") Z "*) return 1 ;; esac
}
stop() {
  kill "-$1" "$charge" 2>/dev/null
  rounds=0
  while [ "$rounds" -lt "$2" ]; do
    runs || return 0
    sleep 0.05 2>/dev/null || sleep 1
    rounds=$((rounds + 1))
  done
}
if [ "$charge" != 0 ]; then
  runs && stop INT 160
  runs && stop QUIT 100
  runs && stop KILL 100
fi
rm -f "$1"/.s.PGSQL.*
rmdir "$1" 2>/dev/null
exit 0
`;

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly identity: Identity;
  /** Standard input, output and error as for `spawn`. */
  readonly input: "ignore" | "pipe";
  readonly output: "pipe" | number;
}

export class Watchdog {
  readonly #socketFolder: string;
  readonly #lockDescriptor: number;
  readonly #onLost: () => void;
  #shell: ChildProcess;
  #charge = 0;
  #released = false;

  /** @param onLost Called when somebody killed the watchdog; it has been replaced by then. */
  constructor(socketFolder: string, lockDescriptor: number, onLost: () => void) {
    this.#socketFolder = socketFolder;
    this.#lockDescriptor = lockDescriptor;
    this.#onLost = onLost;
    this.#shell = this.#spawnShell();
  }

  /** Starts a program through the gate: it cannot outlive the launcher. One at a time. */
  start(command: Command): ChildProcess {
    const { account, needsPassage } = command.identity;
    const prefix = account === undefined || !needsPassage ? [] : passage(account);
    const child = spawn("sh", ["-c", GATE, "sh", ...prefix, command.program, ...command.args], {
      stdio: [command.input, command.output, command.output, "pipe", this.#lockDescriptor],
      env: command.environment,
      cwd: "/",
      detached: true,
      ...(account === undefined || needsPassage ? {} : account),
    });
    const gate = child.stdio[3] as Socket;
    gate.on("error", () => {}); // The program is gone already: its exit tells.
    child.on("exit", () => {
      if (this.#charge === child.pid) this.#watch(0);
    });
    if (child.pid !== undefined) this.#watch(child.pid);
    gate.end("go\n");
    return child;
  }

  /** Ends the watchdog, which removes the socket folder. The charge must have ended. Idempotent. */
  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    const shell = this.#shell;
    if (shell.exitCode !== null || shell.signalCode !== null || shell.pid === undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    shell.once("exit", () => resolve());
    shell.ref();
    shell.stdin?.end();
    await promise;
  }

  #watch(pid: number): void {
    this.#charge = pid;
    this.#shell.stdin?.write(`${pid}\n`);
  }

  #spawnShell(): ChildProcess {
    const shell = spawn("sh", ["-c", WATCHDOG, "lineshaft-postgres-watchdog", this.#socketFolder], {
      stdio: ["pipe", "ignore", "ignore", this.#lockDescriptor],
      cwd: "/",
      detached: true,
    });
    shell.stdin?.on("error", () => {}); // It was killed: its exit tells.
    shell.on("error", () => {}); // No `sh`: then no gate starts either, and that error is reported.
    shell.on("exit", () => this.#replace());
    shell.unref();
    (shell.stdin as Socket | null)?.unref();
    return shell;
  }

  #replace(): void {
    if (this.#released) return;
    setTimeout(() => {
      if (this.#released) return;
      this.#shell = this.#spawnShell();
      this.#watch(this.#charge);
      this.#onLost();
    }, RESPAWN_MS).unref();
  }
}

/** Changes the user and keeps one right: to pass folders and to read (see `identity.ts`). */
function passage(account: { readonly uid: number; readonly gid: number }): readonly string[] {
  const user = [`--reuid=${account.uid}`, `--regid=${account.gid}`, "--clear-groups", "--no-new-privs"];
  // initdb looks for its programs with access(2), which ignores capabilities of ordinary users unless this bit is set.
  const bits = ["--securebits=+no_setuid_fixup"];
  const right = ["--inh-caps=-all,+dac_read_search", "--ambient-caps=+dac_read_search"];
  return ["setpriv", ...user, ...bits, ...right, "--bounding-set=-all,+dac_read_search", "--"];
}
