/**
 * Board: a column for every status, and tasks that are dragged between and within them.
 *
 * By pointer: `dragging.ts`. By keyboard: the handle of a card picks it up (Space), arrows move it, Space puts it down,
 * Escape puts it back; a live region says where it is. By a tap or a screen reader's click the handle opens a menu.
 */
import { ActionIcon, Text } from "@mantine/core";
import { Icon } from "lineshaft-web-shared/parts/icons.tsx";
import { useRef } from "react";
import type { Task } from "../client.ts";
import { applyMove, inColumn, type Move } from "../project/moves.ts";
import { useProject } from "../project/project-context.tsx";
import { STATUS_NAMES, STATUSES, type Status } from "../task/words.ts";
import { TaskCard } from "./card.tsx";
import { type DropPlace, useBoardDrop, useColumnTarget } from "./dragging.ts";
import { type Grab, useGrab } from "./grab.ts";

export function Board() {
  const { tasks, move } = useProject();
  const grab = useGrab(tasks.items, move);
  const shown = grab.preview === null ? tasks.items : applyMove(tasks.items, grab.preview);
  const place = useBoardDrop(tasks.items, move);
  return (
    <>
      <div className="board">
        {STATUSES.map((status) => (
          <Column
            key={status}
            status={status}
            tasks={inColumn(shown, status)}
            place={place}
            grab={grab}
            onMove={move}
          />
        ))}
      </div>
      <p className="unseen" id="grab-help">
        Press Space to pick the task up, arrow keys to move it, Space to put it down, Escape to put it back.
      </p>
      <p className="unseen" aria-live="assertive">
        {grab.said}
      </p>
    </>
  );
}

interface ColumnProps {
  readonly status: Status;
  readonly tasks: readonly Task[];
  readonly place: DropPlace | null;
  readonly grab: Grab;
  readonly onMove: (move: Move) => void;
}

function Column({ status, tasks, place, grab, onMove }: ColumnProps) {
  const { canEdit, newTask } = useProject();
  const ref = useRef<HTMLElement>(null);
  useColumnTarget(ref, status);
  const isOver = place?.status === status;
  const name = STATUS_NAMES[status];
  return (
    <section className="column" ref={ref} data-over={isOver || undefined} aria-label={name} data-status={status}>
      <header className="column-head">
        <span className={`dot dot-${status}`} aria-hidden="true" />
        <h2>{name}</h2>
        <Text span size="sm" c="dimmed">
          {tasks.length}
          <span className="unseen"> tasks</span>
        </Text>
        <span className="spring" />
        {canEdit && (
          <ActionIcon variant="subtle" color="gray" aria-label={`New task in ${name}`} onClick={() => newTask(status)}>
            <Icon name="plus" />
          </ActionIcon>
        )}
      </header>
      <ul className="plain cards">
        {tasks.map((task) => (
          <li key={task.id} data-drop-before={(isOver && place.before === task.id) || undefined}>
            <TaskCard task={task} grab={grab} onMove={onMove} />
          </li>
        ))}
        {isOver && place.before === null && <li className="drop-end" aria-hidden="true" />}
        {tasks.length === 0 && !isOver && (
          <li className="column-empty">
            <Text size="sm" c="dimmed">
              Nothing here
            </Text>
          </li>
        )}
      </ul>
    </section>
  );
}
