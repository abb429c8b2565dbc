/** Moving a card by keyboard: held, moved step by step as a preview, then put down or put back. */
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import type { Task } from "../client.ts";
import { applyMove, type Direction, inColumn, isIdle, type Move, step } from "../project/moves.ts";
import { STATUS_NAMES, STATUSES } from "../task/words.ts";

export interface Grab {
  readonly held: string | null;
  /** Where the held card is shown. */
  readonly preview: Move | null;
  /** What a screen reader is told. */
  readonly said: string;
  readonly onKey: (event: KeyboardEvent, task: Task) => void;
  readonly release: () => void;
}

const DIRECTIONS: Readonly<Record<string, Direction>> = {
  ArrowUp: "up",
  ArrowDown: "down",
  ArrowLeft: "left",
  ArrowRight: "right",
};

export function useGrab(tasks: readonly Task[], onMove: (move: Move) => void): Grab {
  const [held, setHeld] = useState<string | null>(null);
  const [preview, setPreview] = useState<Move | null>(null);
  const [said, say] = useState("");

  const end = (words: string) => {
    setHeld(null);
    setPreview(null);
    say(words);
  };
  const toggle = (task: Task) => {
    if (held !== task.id) {
      setHeld(task.id);
      say(`Picked up ${task.title}.`);
      return;
    }
    if (preview !== null && !isIdle(tasks, preview)) onMove(preview);
    end(preview === null ? `${task.title} stays where it was.` : `Put down. ${where(tasks, preview)}`);
  };
  const go = (task: Task, direction: Direction) => {
    const shown = preview === null ? tasks : applyMove(tasks, preview);
    const next = step(shown, task.id, direction, STATUSES);
    if (next === null) return say("No further in this direction.");
    setPreview(next);
    say(where(tasks, next));
  };

  return {
    held,
    preview,
    said,
    release: () => (held === null ? undefined : end("Put back.")),
    onKey(event, task) {
      const direction = DIRECTIONS[event.key];
      const isHeld = held === task.id;
      if (event.key === " " || event.key === "Enter") toggle(task);
      else if (isHeld && event.key === "Escape") end("Put back.");
      else if (isHeld && direction !== undefined) go(task, direction);
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
  };
}

function where(tasks: readonly Task[], move: Move): string {
  const column = inColumn(applyMove(tasks, move), move.status);
  const index = column.findIndex(({ id }) => id === move.task);
  return `${STATUS_NAMES[move.status]}, place ${index + 1} of ${column.length}.`;
}

/** Keeps the focus on the handle of a held card while the card changes its place in the document. */
export function useKeptFocus(isHeld: boolean, place: string) {
  const ref = useRef<HTMLButtonElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: every change of place may lose the focus.
  useEffect(() => {
    if (!isHeld) return;
    ref.current?.focus();
    ref.current?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [isHeld, place]);
  return ref;
}
