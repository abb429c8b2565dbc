/** Dragging by pointer, on the browser's own drag and drop: where a card would fall, and where it fell. */

import {
  draggable,
  dropTargetForElements,
  monitorForElements,
} from "@atlaskit/pragmatic-drag-and-drop/adapter/element-adapter";
import { combine } from "@atlaskit/pragmatic-drag-and-drop/combine";
import { type RefObject, useEffect, useRef, useState } from "react";
import type { Task } from "../client.ts";
import { inColumn, isIdle, type Move } from "../project/moves.ts";
import type { Status } from "../task/words.ts";

/** Where a card would fall: before a task, or at the end of a column. */
export interface DropPlace {
  readonly status: Status;
  readonly before: string | null;
}

/** Distance from an edge of the board within which it scrolls along, and how far per event. */
const EDGE_PIXELS = 48;
const SCROLL_PIXELS = 14;

export function useColumnTarget(ref: RefObject<HTMLElement | null>, status: Status): void {
  useEffect(() => {
    const element = ref.current;
    if (element === null) return undefined;
    return dropTargetForElements({ element, getData: () => ({ status }) });
  }, [ref, status]);
}

export function useDraggableCard(ref: RefObject<HTMLElement | null>, task: Task, isEnabled: boolean): boolean {
  const [isDragging, setDragging] = useState(false);
  useEffect(() => {
    const element = ref.current;
    if (element === null || !isEnabled) return undefined;
    return combine(
      draggable({
        element,
        getInitialData: () => ({ task: task.id }),
        onDragStart: () => setDragging(true),
        onDrop: () => setDragging(false),
      }),
      dropTargetForElements({
        element,
        getData: ({ input }) => {
          const { top, height } = element.getBoundingClientRect();
          return { over: task.id, isUpperHalf: input.clientY < top + height / 2 };
        },
      }),
    );
  }, [ref, task.id, isEnabled]);
  return isDragging;
}

/** Follows a drag over the board, and gives the move when it ends on one. */
export function useBoardDrop(tasks: readonly Task[], onDrop: (move: Move) => void): DropPlace | null {
  const [place, setPlace] = useState<DropPlace | null>(null);
  const latest = useRef({ tasks, onDrop });
  latest.current = { tasks, onDrop };
  useEffect(
    () =>
      monitorForElements({
        onDrag: ({ location: { current } }) => {
          scrollAlong(current.input.clientX, current.input.clientY);
          setPlace((before) => same(before, placeOf(latest.current.tasks, current.dropTargets)));
        },
        onDrop: ({ source, location: { current } }) => {
          setPlace(null);
          const { tasks: all, onDrop: drop } = latest.current;
          const to = placeOf(all, current.dropTargets);
          if (to === null) return;
          const move = { task: String(source.data["task"]), ...to };
          if (!isIdle(all, move)) drop(move);
        },
      }),
    [],
  );
  return place;
}

type Targets = readonly { readonly data: Readonly<Record<string | symbol, unknown>> }[];

/** The innermost target is first: a card, then its column. */
function placeOf(tasks: readonly Task[], targets: Targets): DropPlace | null {
  const status = targets.find(({ data }) => "status" in data)?.data["status"] as Status | undefined;
  if (status === undefined) return null;
  const card = targets.find(({ data }) => "over" in data)?.data;
  if (card === undefined) return { status, before: null };
  const column = inColumn(tasks, status);
  const index = column.findIndex(({ id }) => id === card["over"]);
  return { status, before: column[card["isUpperHalf"] === true ? index : index + 1]?.id ?? null };
}

/** The value before, if it says the same, so that nothing is drawn again. */
function same(before: DropPlace | null, after: DropPlace | null): DropPlace | null {
  return before?.status === after?.status && before?.before === after?.before ? before : after;
}

function scrollAlong(x: number, y: number): void {
  const board = document.querySelector(".board");
  if (board !== null) {
    const { left, right } = board.getBoundingClientRect();
    if (x > right - EDGE_PIXELS) board.scrollBy({ left: SCROLL_PIXELS });
    if (x < left + EDGE_PIXELS) board.scrollBy({ left: -SCROLL_PIXELS });
  }
  const column = document.elementFromPoint(x, y)?.closest(".cards");
  if (column === null || column === undefined) return;
  const { top, bottom } = column.getBoundingClientRect();
  if (y > bottom - EDGE_PIXELS) column.scrollBy({ top: SCROLL_PIXELS });
  if (y < top + EDGE_PIXELS) column.scrollBy({ top: -SCROLL_PIXELS });
}
