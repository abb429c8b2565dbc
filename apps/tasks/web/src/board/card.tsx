/** A task on the board. */
import { ActionIcon, Checkbox, Menu, Text } from "@mantine/core";
import { Icon } from "lineshaft-web-shared/parts/icons.tsx";
import { NamedFace } from "lineshaft-web-shared/parts/people.tsx";
import { useRef } from "react";
import type { Task } from "../client.ts";
import type { Move } from "../project/moves.ts";
import { useProject } from "../project/project-context.tsx";
import { DueMark, LabelMarks, PriorityMark } from "../task/marks.tsx";
import { isClosed, STATUS_NAMES, STATUSES } from "../task/words.ts";
import { useDraggableCard } from "./dragging.ts";
import { type Grab, useKeptFocus } from "./grab.ts";

interface Props {
  readonly task: Task;
  readonly grab: Grab;
  readonly onMove: (move: Move) => void;
}

export function TaskCard({ task, grab, onMove }: Props) {
  const { canEdit, selection, openTask } = useProject();
  const ref = useRef<HTMLElement>(null);
  const isDragging = useDraggableCard(ref, task, canEdit);
  const isSelected = selection.has(task.id);
  const isHeld = grab.held === task.id;
  return (
    <article
      ref={ref}
      className="card"
      data-task={task.id}
      data-dragging={isDragging || undefined}
      data-held={isHeld || undefined}
      data-selected={isSelected || undefined}
    >
      <div className="card-top">
        <button
          type="button"
          className="card-title"
          data-closed={isClosed(task.status) || undefined}
          onClick={() => openTask(task.id)}
        >
          {task.title}
        </button>
        {canEdit && <Handle task={task} grab={grab} onMove={onMove} />}
      </div>
      <LabelMarks labels={task.labels} />
      <div className="card-foot">
        {canEdit && (
          <Checkbox
            size="xs"
            checked={isSelected}
            onChange={() => selection.toggle(task.id)}
            aria-label={`Select ${task.title}`}
          />
        )}
        <span className="marks">
          <PriorityMark priority={task.priority} />
          <DueMark task={task} />
        </span>
        {task.assignee !== null && <NamedFace person={task.assignee} />}
      </div>
    </article>
  );
}

function Handle({ task, grab, onMove }: Props) {
  const isHeld = grab.held === task.id;
  const ref = useKeptFocus(isHeld, `${task.status} ${grab.preview?.before}`);
  return (
    <Menu position="bottom-end" width={180} trapFocus>
      <Menu.Target>
        <ActionIcon
          ref={ref}
          className="handle"
          variant="subtle"
          color="gray"
          aria-label={`Move ${task.title}`}
          aria-describedby="grab-help"
          aria-pressed={isHeld}
          onBlur={(event) => event.relatedTarget !== null && isHeld && grab.release()}
          onKeyDown={(event) => grab.onKey(event, task)}
          onKeyUp={(event) => event.key === " " && event.preventDefault()}
        >
          <Icon name="grip" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text size="xs">Move to</Text>
        </Menu.Label>
        {STATUSES.filter((status) => status !== task.status).map((status) => (
          <Menu.Item
            key={status}
            leftSection={<span className={`dot dot-${status}`} aria-hidden="true" />}
            onClick={() => onMove({ task: task.id, status, before: null })}
          >
            {STATUS_NAMES[status]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
