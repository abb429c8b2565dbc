/** List: the tasks as a table; on a narrow page only what fits. */
import { Checkbox, Table, Text } from "@mantine/core";
import { Face } from "lineshaft-web-shared/parts/people.tsx";
import type { Task } from "../client.ts";
import { useProject } from "../project/project-context.tsx";
import { DueMark, LabelMarks, PriorityMark, StatusMark } from "../task/marks.tsx";
import { isClosed } from "../task/words.ts";

export function TaskTable() {
  const { tasks, selection, canEdit } = useProject();
  const isAll = tasks.items.length > 0 && tasks.items.every(({ id }) => selection.has(id));
  return (
    <div className="table-frame">
      <Table
        highlightOnHover
        highlightOnHoverColor="var(--column)"
        verticalSpacing="xs"
        horizontalSpacing="md"
        aria-label="Tasks"
      >
        <Table.Thead>
          <Table.Tr>
            {canEdit && (
              <Table.Th className="cell-check">
                <Checkbox
                  size="sm"
                  aria-label="Select all tasks"
                  checked={isAll}
                  indeterminate={!isAll && selection.size > 0}
                  onChange={() => selection.set(isAll ? [] : tasks.items.map(({ id }) => id))}
                />
              </Table.Th>
            )}
            <Table.Th>Task</Table.Th>
            <Table.Th>Status</Table.Th>
            <Table.Th className="wide">Priority</Table.Th>
            <Table.Th className="wide">Assignee</Table.Th>
            <Table.Th className="wide">Due</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {tasks.items.map((task) => (
            <TaskRow key={task.id} task={task} />
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function TaskRow({ task }: { readonly task: Task }) {
  const { selection, openTask, canEdit } = useProject();
  const { id, title, status, priority, assignee, labels, due } = task;
  const isSelected = selection.has(id);
  return (
    <Table.Tr data-task={id} data-selected={isSelected || undefined}>
      {canEdit && (
        <Table.Td className="cell-check">
          <Checkbox
            size="sm"
            aria-label={`Select ${title}`}
            checked={isSelected}
            onChange={() => selection.toggle(id)}
          />
        </Table.Td>
      )}
      <Table.Td>
        <button
          type="button"
          className="card-title"
          data-closed={isClosed(status) || undefined}
          onClick={() => openTask(id)}
        >
          {title}
        </button>
        <LabelMarks labels={labels} />
        <div className="card-foot narrow-only">
          <PriorityMark priority={priority} />
          <DueMark task={task} />
        </div>
      </Table.Td>
      <Table.Td>
        <StatusMark status={status} />
      </Table.Td>
      <Table.Td className="wide">{priority === "normal" ? <Dash /> : <PriorityMark priority={priority} />}</Table.Td>
      <Table.Td className="wide">
        {assignee === null ? (
          <Dash />
        ) : (
          <span className="status-mark">
            <Face person={assignee} />
            <Text span size="sm" truncate maw={160}>
              {assignee.name}
            </Text>
          </span>
        )}
      </Table.Td>
      <Table.Td className="wide">{due === null ? <Dash /> : <DueMark task={task} />}</Table.Td>
    </Table.Tr>
  );
}

function Dash() {
  return (
    <Text span size="sm" c="dimmed" aria-hidden="true">
      –
    </Text>
  );
}
