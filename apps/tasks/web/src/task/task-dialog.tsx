/** A task by itself: what it says, its comments and the work on it. The same dialog makes a new one. */

import type { Problem } from "@lineshaft/client";
import { useQuery } from "@lineshaft/client/react";
import { Modal, Tabs, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { Failure, Waiting } from "lineshaft-web-shared/parts/failure.tsx";
import { tellDone, tellFailed } from "lineshaft-web-shared/parts/notices.tsx";
import { asProblem } from "lineshaft-web-shared/parts/problem.ts";
import { useState } from "react";
import { client, tasks, type WholeTask } from "../client.ts";
import { NARROW } from "../project/filter-bar.tsx";
import { useProject } from "../project/project-context.tsx";
import { shownWithout } from "../project/use-tasks.ts";
import { Comments } from "./comments.tsx";
import { changesOf, type Draft, draftOf, emptyDraft } from "./draft.ts";
import { TaskForm } from "./task-form.tsx";
import { type Status, sayMinutes, sayTime } from "./words.ts";
import { WorkLogs } from "./work-logs.tsx";

interface Props {
  /** The task that is open. */
  readonly task: string | null;
  /** Where a new one is made. */
  readonly status: Status | null;
  readonly onClose: () => void;
}

export function TaskDialog({ task, status, onClose }: Props) {
  const isNarrow = useMediaQuery(NARROW) ?? false;
  return (
    <Modal
      opened={task !== null || status !== null}
      onClose={onClose}
      title={task === null ? "New task" : "Task"}
      size="xl"
      fullScreen={isNarrow}
      closeButtonProps={{ "aria-label": "Close" }}
      transitionProps={{ duration: 120 }}
    >
      {task !== null && <OpenTask key={task} id={task} onClose={onClose} />}
      {task === null && status !== null && <NewTask status={status} onClose={onClose} />}
    </Modal>
  );
}

function NewTask({ status, onClose }: { readonly status: Status; readonly onClose: () => void }) {
  const { project } = useProject();
  const [problem, setProblem] = useState<Problem | null>(null);
  const save = async (draft: Draft) => {
    setProblem(null);
    try {
      const { assignee, ...changes } = changesOf(emptyDraft(), draft);
      await tasks.createTask({ project: project.id, ...changes, title: draft.title, assignee: assignee ?? undefined });
      onClose();
      tellDone("Task created");
    } catch (error) {
      setProblem(asProblem(error));
    }
  };
  return (
    <TaskForm
      start={{ ...emptyDraft(), status }}
      problem={problem}
      saveWords="Create task"
      onSave={save}
      onCancel={onClose}
    />
  );
}

function OpenTask({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const { project } = useProject();
  const { data, problem } = useQuery(tasks.task, { project: project.id, task: id });
  if (problem) return <Failure error={problem} onRetry={client.$restart} />;
  return data ? <Whole task={data} onClose={onClose} /> : <Waiting what="Loading the task" />;
}

interface WholeProps {
  readonly task: WholeTask;
  readonly onClose: () => void;
}

function Whole({ task, onClose }: WholeProps) {
  const { project, canEdit } = useProject();
  const [problem, setProblem] = useState<Problem | null>(null);
  const place = { project: project.id, task: task.id };
  const save = async (draft: Draft) => {
    setProblem(null);
    try {
      await tasks.changeTask({ ...place, version: task.version, ...changesOf(draftOf(task), draft) });
      onClose();
      tellDone("Saved");
    } catch (error) {
      setProblem(asProblem(error));
    }
  };
  const remove = async () => {
    try {
      await tasks.deleteTask(place, { optimistic: [shownWithout(project.id, [task.id])] });
      onClose();
      tellDone("Task deleted");
    } catch (error) {
      tellFailed("The task could not be deleted", error);
    }
  };
  return (
    <>
      <TaskForm
        start={draftOf(task)}
        problem={problem}
        saveWords="Save"
        onSave={save}
        onCancel={onClose}
        {...(canEdit ? { onDelete: remove } : {})}
      />
      <Talk task={task} />
      <Text size="xs" c="dimmed" mt="md">
        Created {sayTime(task.createdAt)}
        {task.createdBy !== null && ` by ${task.createdBy.name}`}
        {task.completedAt !== null && `, closed ${sayTime(task.completedAt)}`}
      </Text>
    </>
  );
}

function Talk({ task }: { readonly task: WholeTask }) {
  return (
    <Tabs defaultValue="comments" mt="lg" keepMounted={false}>
      <Tabs.List>
        <Tabs.Tab value="comments">Comments{task.commentCount > 0 && ` (${task.commentCount})`}</Tabs.Tab>
        <Tabs.Tab value="work">Work log{task.minutes > 0 && ` (${sayMinutes(task.minutes)})`}</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="comments" pt="md">
        <Comments task={task} />
      </Tabs.Panel>
      <Tabs.Panel value="work" pt="md">
        <WorkLogs task={task} />
      </Tabs.Panel>
    </Tabs>
  );
}
