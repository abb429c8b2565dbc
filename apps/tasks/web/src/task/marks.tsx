/** Small signs that say something of a task; each also in words. */
import { Badge, Text } from "@mantine/core";
import { Icon } from "lineshaft-web-shared/parts/icons.tsx";
import type { Task } from "../client.ts";
import { isOverdue, PRIORITY_NAMES, type Priority, STATUS_NAMES, type Status, sayDue } from "./words.ts";

export function LabelMark({ label }: { readonly label: Task["labels"][number] }) {
  return (
    <Badge
      variant="default"
      tt="none"
      fw={500}
      size="sm"
      leftSection={<span className="swatch" style={{ background: label.color }} />}
    >
      {label.name}
    </Badge>
  );
}

export function LabelMarks({ labels }: { readonly labels: Task["labels"] }) {
  if (labels.length === 0) return null;
  return (
    <div className="label-marks">
      {labels.map((label) => (
        <LabelMark key={label.id} label={label} />
      ))}
    </div>
  );
}

/** Nothing for the usual priority. */
export function PriorityMark({ priority }: { readonly priority: Priority }) {
  if (priority === "normal") return null;
  return (
    <span className={`mark priority-${priority}`}>
      <Icon name="flag" size={14} />
      {PRIORITY_NAMES[priority]}
    </span>
  );
}

export function DueMark({ task }: { readonly task: Task }) {
  if (task.due === null) return null;
  const isLate = isOverdue(task);
  return (
    <span className="mark" data-late={isLate || undefined}>
      <Icon name="calendar" size={14} />
      {isLate && <span className="unseen">Overdue: </span>}
      {sayDue(task.due)}
    </span>
  );
}

export function StatusMark({ status }: { readonly status: Status }) {
  return (
    <span className="status-mark">
      <span className={`dot dot-${status}`} aria-hidden="true" />
      <Text span size="sm">
        {STATUS_NAMES[status]}
      </Text>
    </span>
  );
}
