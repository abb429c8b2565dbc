/**
 * Scrolling: what somebody reads stays where it is.
 *
 * At the end of the room the list sticks to its end. Anywhere else the message at the top of the view keeps its place,
 * whatever comes or goes above it. The browser's own anchoring is off: it does not know messages, and not every browser
 * has it.
 */
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { History, Shown } from "./history.ts";

/** Pixels from the end that still count as the end. */
const END_PIXELS = 48;
/** Pixels from an edge at which more is asked for. */
const EDGE_PIXELS = 600;

interface Anchor {
  readonly number: string;
  readonly top: number;
}

export interface Scrolling {
  readonly view: RefObject<HTMLDivElement | null>;
  readonly content: RefObject<HTMLDivElement | null>;
  readonly onScroll: () => void;
  /** Whether the end of what is shown is in view. */
  readonly isAtEnd: boolean;
  readonly toEnd: () => void;
  /** Brings an element into the middle of the view. False when there is none. */
  readonly showRow: (selector: string) => boolean;
}

/** @param rows  Changes when what is shown changes. */
export function useScrolling(history: History, shown: Shown, rows: unknown): Scrolling {
  const view = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const anchor = useRef<Anchor | null>(null);
  /** Whether the view goes with the end of the room, also when that is on its way. */
  const sticks = useRef(true);
  // Nothing is seen before it is known where the view is.
  const [isAtEnd, setAtEnd] = useState(false);

  const look = useCallback(() => {
    const box = view.current;
    if (!box) return;
    const below = box.scrollHeight - box.scrollTop - box.clientHeight;
    const isNow = below < END_PIXELS;
    sticks.current = isNow && (sticks.current || shown.hasEnd);
    setAtEnd(isNow);
    anchor.current = anchorIn(box);
    if (box.scrollTop < EDGE_PIXELS && !shown.hasStart) history.older();
    if (below < EDGE_PIXELS && !shown.hasEnd) history.newer();
  }, [history, shown.hasStart, shown.hasEnd]);

  const settle = useCallback(() => {
    const box = view.current;
    if (!box) return;
    if (sticks.current) box.scrollTop = box.scrollHeight;
    else if (anchor.current) keep(box, anchor.current);
    look();
  }, [look]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: it is the rows that move.
  useLayoutEffect(settle, [rows, settle]);
  useEffect(() => {
    // Pictures, and the field below that grows.
    const observer = new ResizeObserver(settle);
    for (const each of [view.current, content.current]) if (each) observer.observe(each);
    return () => observer.disconnect();
  }, [settle]);

  const toEnd = useCallback(() => {
    sticks.current = true;
    anchor.current = null;
    settle();
  }, [settle]);
  const showRow = useCallback(
    (selector: string) => {
      const row = view.current?.querySelector<HTMLElement>(selector);
      if (!row) return false;
      sticks.current = false;
      row.scrollIntoView({ block: "center" });
      look();
      return true;
    },
    [look],
  );
  return { view, content, onScroll: look, isAtEnd, toEnd, showRow };
}

/** The first message that is in view. */
function anchorIn(box: HTMLElement): Anchor | null {
  const { top } = box.getBoundingClientRect();
  for (const row of box.querySelectorAll<HTMLElement>("[data-number]")) {
    const place = row.getBoundingClientRect();
    if (place.bottom > top) return { number: row.dataset["number"] ?? "", top: place.top - top };
  }
  return null;
}

function keep(box: HTMLElement, { number, top }: Anchor): void {
  const row = box.querySelector<HTMLElement>(`[data-number="${number}"]`);
  if (!row) return;
  const moved = row.getBoundingClientRect().top - box.getBoundingClientRect().top - top;
  if (Math.abs(moved) >= 1) box.scrollTop += moved;
}
