/** How long somebody worked on a task. */

import type { Problem } from "@lineshaft/client";
import { usePages } from "@lineshaft/client/react";
import { ActionIcon, Button, Text, TextInput } from "@mantine/core";
import { useSession } from "lineshaft-web-shared/account/session.tsx";
import { Failure, Waiting } from "lineshaft-web-shared/parts/failure.tsx";
import { Icon } from "lineshaft-web-shared/parts/icons.tsx";
import { tellFailed } from "lineshaft-web-shared/parts/notices.tsx";
import { Face } from "lineshaft-web-shared/parts/people.tsx";
import { asProblem, fieldError } from "lineshaft-web-shared/parts/problem.ts";
import { type FormEvent, useState } from "react";
import { client, tasks, type WholeTask, type WorkLog } from "../client.ts";
import { useProject } from "../project/project-context.tsx";
import { dayOf, sayDay, sayMinutes } from "./words.ts";

const GONE = { id: "", name: "Somebody who left" };

export function WorkLogs({ task }: { readonly task: WholeTask }) {
  const { canEdit } = useProject();
  const place = { project: task.project, task: task.id };
  const { data, problem, status } = usePages(tasks.workLogs, place);
  const remove = async (log: string) => {
    try {
      await tasks.deleteWorkLog({ ...place, log });
    } catch (error) {
      tellFailed("The entry could not be deleted", error);
    }
  };
  return (
    <div className="talk">
      {canEdit && (
        <LogForm
          onLog={async (values) => {
            await tasks.logWork({ ...place, ...values });
          }}
        />
      )}
      {problem && <Failure error={problem} onRetry={client.$restart} />}
      {status === "loading" && <Waiting what="Loading the work log" />}
      {data?.items.length === 0 && (
        <Text c="dimmed" size="sm">
          No work is logged yet.
        </Text>
      )}
      <ul className="plain said">
        {data?.items.map((log) => (
          <Entry key={log.id} log={log} onDelete={() => void remove(log.id)} />
        ))}
      </ul>
      {data?.hasMore && (
        <Button variant="default" size="xs" loading={data.isLoading} onClick={data.more}>
          Show more
        </Button>
      )}
    </div>
  );
}

function Entry({ log, onDelete }: { readonly log: WorkLog; readonly onDelete: () => void }) {
  const { state } = useSession();
  const { project, canEdit } = useProject();
  const who = log.account ?? GONE;
  const isMine = state.is === "in" && state.account.id === who.id;
  return (
    <li className="saying">
      <Face person={who} size={30} />
      <div className="saying-words">
        <Text size="sm">
          <strong>{sayMinutes(log.minutes)}</strong> by {who.name}{" "}
          <Text span c="dimmed" size="xs">
            {sayDay(log.day)}
          </Text>
        </Text>
        {log.note !== "" && (
          <Text size="sm" className="written">
            {log.note}
          </Text>
        )}
      </div>
      {canEdit && (isMine || project.role === "owner") && (
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={`Delete ${sayMinutes(log.minutes)} of ${who.name}`}
          onClick={onDelete}
        >
          <Icon name="trash" size={16} />
        </ActionIcon>
      )}
    </li>
  );
}

interface Values {
  readonly minutes: number;
  readonly day: string;
  readonly note: string;
}

function LogForm({ onLog }: { readonly onLog: (values: Values) => Promise<void> }) {
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const { minutes = "", day = "", note = "" } = Object.fromEntries(new FormData(form)) as Record<string, string>;
    setBusy(true);
    setProblem(null);
    try {
      await onLog({ minutes: Number(minutes), day, note });
      form.reset();
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      {problem !== null && problem.errors.length === 0 && <Failure error={problem} />}
      <div className="log-form">
        <TextInput
          name="minutes"
          type="number"
          inputMode="numeric"
          min={1}
          max={1440}
          step={1}
          label="Minutes"
          required
          error={fieldError(problem, "minutes")}
        />
        <TextInput
          name="day"
          type="date"
          label="Day"
          required
          defaultValue={dayOf(new Date())}
          error={fieldError(problem, "day")}
        />
        <TextInput name="note" label="Note" maxLength={1_000} error={fieldError(problem, "note")} />
        <Button type="submit" variant="default" loading={isBusy}>
          Log work
        </Button>
      </div>
    </form>
  );
}
