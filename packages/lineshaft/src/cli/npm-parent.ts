/**
 * Ends with npm: a script runs in a shell that passes no signal on, so after a SIGTERM at npm the shell is gone and the
 * command would stay. It sees that it has another parent, and takes that for the signal.
 */
const WATCH_MS = 250;

/** Sends SIGTERM to this process when the shell of the npm script that started it is gone. */
export function endWithNpm(): void {
  if (process.env["npm_lifecycle_event"] === undefined || process.platform === "win32") return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, "SIGTERM");
  }, WATCH_MS);
  timer.unref();
}
