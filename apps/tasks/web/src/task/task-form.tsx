/** What a task says, to be read and changed. */

import type { Problem } from "@lineshaft/client";
import { Alert, Button, Group, Select, Text, Textarea, TextInput } from "@mantine/core";
import { Failure } from "lineshaft-web-shared/parts/failure.tsx";
import { Icon } from "lineshaft-web-shared/parts/icons.tsx";
import { fieldError } from "lineshaft-web-shared/parts/problem.ts";
import { type FormEvent, useState } from "react";
import { useProject } from "../project/project-context.tsx";
import { bothChanged, type Draft, isSameDraft, rebased } from "./draft.ts";
import { LabelPicker } from "./label-picker.tsx";
import { optionsOf, PRIORITY_NAMES, type Priority, STATUS_NAMES, type Status } from "./words.ts";

interface Props {
  readonly start: Draft;
  readonly problem: Problem | null;
  readonly saveWords: string;
  readonly onSave: (draft: Draft) => Promise<void>;
  readonly onCancel: () => void;
  readonly onDelete?: () => Promise<void>;
}

/** Fields that show what is wrong with them by themselves. */
const SHOWN = ["title", "notes", "status", "priority", "assignee", "due", "labels"];

export function TaskForm({ start, problem, saveWords, onSave, onCancel, onDelete }: Props) {
  const { canEdit } = useProject();
  const { draft, setDraft, overtaken } = useDraft(start);
  const [isBusy, setBusy] = useState(false);
  const set = (change: Partial<Draft>) => setDraft({ ...draft, ...change });
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    await onSave(draft);
    setBusy(false);
  };
  const isShownAtField = problem !== null && SHOWN.some((name) => fieldError(problem, name) !== null);
  return (
    <form onSubmit={(event) => void submit(event)}>
      {problem !== null && !isShownAtField && <Failure error={problem} />}
      {overtaken.length > 0 && (
        <Alert color="yellow" title="Somebody else has changed this too" mb="md" role="alert">
          <Text size="sm">Saving puts your words in the place of theirs: {overtaken.join(", ")}.</Text>
        </Alert>
      )}
      <fieldset className="task-form" disabled={!canEdit}>
        <div className="task-words">
          <TextInput
            label="Title"
            required
            maxLength={300}
            data-autofocus
            value={draft.title}
            error={fieldError(problem, "title")}
            onChange={(event) => set({ title: event.currentTarget.value })}
          />
          <Textarea
            label="Notes"
            rows={7}
            maxLength={20_000}
            value={draft.notes}
            error={fieldError(problem, "notes")}
            onChange={(event) => set({ notes: event.currentTarget.value })}
          />
        </div>
        <Facts draft={draft} set={set} problem={problem} />
      </fieldset>
      {canEdit && (
        <Group mt="md" gap="xs" justify="space-between">
          {onDelete === undefined ? <span /> : <DeleteButton onDelete={onDelete} />}
          <Group gap="xs">
            <Button variant="default" onClick={onCancel}>
              Cancel
            </Button>
            <Button type="submit" loading={isBusy}>
              {saveWords}
            </Button>
          </Group>
        </Group>
      )}
    </form>
  );
}

/** The draft, which follows the task while others change it: what was changed here stays. */
function useDraft(start: Draft) {
  const [draft, setDraft] = useState(start);
  const [base, setBase] = useState(start);
  const [overtaken, setOvertaken] = useState<readonly string[]>([]);
  if (!isSameDraft(base, start)) {
    setBase(start);
    setDraft(rebased(draft, base, start));
    setOvertaken([...new Set([...overtaken, ...bothChanged(draft, base, start)])]);
  }
  return { draft, setDraft, overtaken };
}

interface FactsProps {
  readonly draft: Draft;
  readonly set: (change: Partial<Draft>) => void;
  readonly problem: Problem | null;
}

function Facts({ draft, set, problem }: FactsProps) {
  const { members } = useProject();
  const people = members.map(({ account, name }) => ({ value: account, label: name }));
  return (
    <div className="task-facts">
      <Select
        label="Status"
        data={optionsOf(STATUS_NAMES)}
        value={draft.status}
        allowDeselect={false}
        error={fieldError(problem, "status")}
        onChange={(status) => set({ status: status as Status })}
      />
      <Select
        label="Priority"
        data={optionsOf(PRIORITY_NAMES)}
        value={draft.priority}
        allowDeselect={false}
        error={fieldError(problem, "priority")}
        onChange={(priority) => set({ priority: priority as Priority })}
      />
      <Select
        label="Assignee"
        placeholder="Nobody"
        data={people}
        value={draft.assignee}
        clearable
        searchable
        nothingFoundMessage="Nobody of that name"
        error={fieldError(problem, "assignee")}
        onChange={(assignee) => set({ assignee })}
      />
      <div className="due-fields">
        <TextInput
          type="date"
          label="Due"
          value={draft.dueDate}
          error={fieldError(problem, "due")}
          onChange={(event) =>
            set({ dueDate: event.currentTarget.value, ...(event.currentTarget.value === "" ? { dueTime: "" } : {}) })
          }
        />
        <TextInput
          type="time"
          label="At"
          value={draft.dueTime}
          disabled={draft.dueDate === ""}
          onChange={(event) => set({ dueTime: event.currentTarget.value })}
        />
      </div>
      <LabelPicker chosen={draft.labels} onChange={(labels) => set({ labels })} error={fieldError(problem, "labels")} />
    </div>
  );
}

/** Asks once more, in its place. */
function DeleteButton({ onDelete }: { readonly onDelete: () => Promise<void> }) {
  const [isSure, setSure] = useState(false);
  if (!isSure) {
    return (
      <Button
        className="danger"
        variant="subtle"
        color="red"
        leftSection={<Icon name="trash" />}
        onClick={() => setSure(true)}
      >
        Delete
      </Button>
    );
  }
  return (
    <Group gap="xs">
      <Button color="red.9" onClick={() => void onDelete()}>
        Delete for good
      </Button>
      <Button variant="subtle" color="gray" onClick={() => setSure(false)}>
        <Text span size="sm">
          Keep
        </Text>
      </Button>
    </Group>
  );
}
