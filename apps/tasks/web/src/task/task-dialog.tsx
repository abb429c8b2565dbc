/** A task by itself: what it says, its comments and the work on it. The same dialog makes a new one. */
import { Alert, Button, Modal, Tabs, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useState } from "react";
import { asProblem, type Problem } from "../api/problem.ts";
import { task as askTask, changeTask, createTask, deleteTask, type WholeTask } from "../api/tasks.ts";
import { Failure, Waiting } from "../parts/failure.tsx";
import { tellDone, tellFailed } from "../parts/notices.tsx";
import { useLoaded } from "../parts/use-loaded.ts";
import { NARROW } from "../project/filter-bar.tsx";
import { useProject } from "../project/project-context.tsx";
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
  const { project, tasks } = useProject();
  const [problem, setProblem] = useState<Problem | null>(null);
  const save = async (draft: Draft) => {
    setProblem(null);
    try {
      const { assignee, ...changes } = changesOf(emptyDraft(), draft);
      await createTask({ project: project.id, ...changes, title: draft.title, assignee: assignee ?? undefined });
      onClose();
      tellDone("Task created");
      await tasks.reload();
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
  const { value, error, reload } = useLoaded(id, (signal) => askTask({ project: project.id, task: id }, signal));
  if (error !== null && value === null) return <Failure error={error} onRetry={() => void reload()} />;
  if (value === null) return <Waiting what="Loading the task" />;
  return <Whole task={value} reload={reload} onClose={onClose} />;
}

interface WholeProps {
  readonly task: WholeTask;
  readonly reload: () => Promise<void>;
  readonly onClose: () => void;
}

function Whole({ task, reload, onClose }: WholeProps) {
  const { project, tasks, canEdit } = useProject();
  const [problem, setProblem] = useState<Problem | null>(null);
  const place = { project: project.id, task: task.id };
  const save = async (draft: Draft) => {
    setProblem(null);
    try {
      await changeTask({ ...place, version: task.version, ...changesOf(draftOf(task), draft) });
      onClose();
      tellDone("Saved");
      await tasks.reload();
    } catch (error) {
      setProblem(asProblem(error));
    }
  };
  const remove = async () => {
    try {
      await deleteTask(place);
      onClose();
      tellDone("Task deleted");
      await tasks.reload();
    } catch (error) {
      tellFailed("The task could not be deleted", error);
    }
  };
  const isStale = problem?.code === "VERSION_CONFLICT";
  return (
    <>
      {isStale && (
        <Alert color="yellow" title={problem.title} mb="md" role="alert">
          <Text size="sm" mb="xs">
            Load it again to see what it says now. What you have changed here is lost by that.
          </Text>
          <Button size="xs" variant="default" onClick={() => void reload().then(() => setProblem(null))}>
            Load again
          </Button>
        </Alert>
      )}
      <TaskForm
        key={task.version}
        start={draftOf(task)}
        problem={isStale ? null : problem}
        saveWords="Save"
        onSave={save}
        onCancel={onClose}
        {...(canEdit ? { onDelete: remove } : {})}
      />
      <Talk task={task} onChange={reload} />
      <Text size="xs" c="dimmed" mt="md">
        Created {sayTime(task.createdAt)}
        {task.createdBy !== null && ` by ${task.createdBy.name}`}
        {task.completedAt !== null && `, closed ${sayTime(task.completedAt)}`}
      </Text>
    </>
  );
}

function Talk({ task, onChange }: { readonly task: WholeTask; readonly onChange: () => Promise<void> }) {
  return (
    <Tabs defaultValue="comments" mt="lg" keepMounted={false}>
      <Tabs.List>
        <Tabs.Tab value="comments">Comments{task.commentCount > 0 && ` (${task.commentCount})`}</Tabs.Tab>
        <Tabs.Tab value="work">Work log{task.minutes > 0 && ` (${sayMinutes(task.minutes)})`}</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="comments" pt="md">
        <Comments task={task} onChange={onChange} />
      </Tabs.Panel>
      <Tabs.Panel value="work" pt="md">
        <WorkLogs task={task} onChange={onChange} />
      </Tabs.Panel>
    </Tabs>
  );
}
