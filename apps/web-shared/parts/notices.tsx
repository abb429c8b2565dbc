/** Notices: short messages at the edge of the page. Good news go away by themselves, bad news stay until dismissed. */
import { Notification } from "@mantine/core";
import { useSyncExternalStore } from "react";
import { Icon } from "./icons.tsx";
import { asProblem } from "./problem.ts";

interface Notice {
  readonly id: number;
  readonly kind: "done" | "failed";
  readonly title: string;
  readonly text: string | null;
}

const GOOD_NEWS_MS = 4_000;
/** Older ones make room. */
const NOTICES_MAX = 4;

let notices: readonly Notice[] = [];
let count = 0;
const listeners = new Set<() => void>();

function change(next: readonly Notice[]): void {
  notices = next;
  for (const listener of listeners) listener();
}

function dismiss(id: number): void {
  change(notices.filter((each) => each.id !== id));
}

function add(kind: Notice["kind"], title: string, text: string | null): number {
  count += 1;
  change([...notices, { id: count, kind, title, text }].slice(-NOTICES_MAX));
  return count;
}

/** Says that something worked. */
export function tellDone(title: string): void {
  const id = add("done", title, null);
  setTimeout(() => dismiss(id), GOOD_NEWS_MS);
}

/** Says that something failed, and why. An aborted call is nobody's failure. */
export function tellFailed(title: string, error: unknown): void {
  if (error instanceof DOMException && error.name === "AbortError") return;
  const problem = asProblem(error);
  add("failed", title, problem.requestId === undefined ? problem.message : `${problem.message} (${problem.requestId})`);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Notices() {
  const shown = useSyncExternalStore(subscribe, () => notices);
  return (
    <section className="notices" aria-label="Notices" aria-live="polite">
      {shown.map(({ id, kind, title, text }) => (
        <Notification
          key={id}
          role={kind === "failed" ? "alert" : "status"}
          color={kind === "failed" ? "red" : "teal"}
          icon={<Icon name={kind === "failed" ? "close" : "check"} />}
          title={title}
          withBorder
          closeButtonProps={{ "aria-label": `Dismiss: ${title}` }}
          onClose={() => dismiss(id)}
        >
          {text}
        </Notification>
      ))}
    </section>
  );
}
