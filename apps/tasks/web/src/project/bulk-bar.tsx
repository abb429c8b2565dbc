/** What can be done with all selected tasks at once, and what became of each. */

import type { CommandOptions, Guess } from "@lineshaft/client";
import { Button, CloseButton, Menu, Modal, Text } from "@mantine/core";
import { Icon, type IconName } from "lineshaft-web-shared/parts/icons.tsx";
import { tellDone, tellFailed } from "lineshaft-web-shared/parts/notices.tsx";
import { Face } from "lineshaft-web-shared/parts/people.tsx";
import { type ReactNode, useState } from "react";
import type { Outcome, Task } from "../client.ts";
import { PRIORITIES, PRIORITY_NAMES, STATUS_NAMES, STATUSES } from "../task/words.ts";
import { type BulkItem, changeMany, deleteMany, reasonOf } from "./bulk.ts";
import { useProject } from "./project-context.tsx";
import { shownAs, shownWithout } from "./use-tasks.ts";

interface Report {
  readonly title: string;
  readonly failed: readonly (Outcome & { readonly title: string })[];
}

function useBulk() {
  const { project, tasks, selection } = useProject();
  const [isBusy, setBusy] = useState(false);
  const [report, setReport] = useState<Report | null>(null);
  const run = async (
    done: string,
    guess: Guess | null,
    work: (options: CommandOptions) => Promise<readonly Outcome[]>,
  ) => {
    const titles = new Map(tasks.items.map(({ id, title }) => [id, title]));
    setBusy(true);
    try {
      const outcomes = await work({ optimistic: guess === null ? [] : [guess] });
      const failed = outcomes
        .filter(({ ok }) => !ok)
        .map((each) => ({ ...each, title: titles.get(each.id) ?? each.id }));
      const count = outcomes.length - failed.length;
      const title = `${count} ${count === 1 ? "task" : "tasks"} ${done}`;
      if (failed.length === 0) tellDone(title);
      else setReport({ title, failed });
      selection.set(failed.map(({ id }) => id));
    } catch (error) {
      tellFailed("The tasks could not be changed", error);
    } finally {
      setBusy(false);
    }
  };
  const { ids } = selection;
  const change = (done: string, changeOf: (id: string) => Omit<BulkItem, "id">, shown: Partial<Task> | null = null) =>
    void run(done, shown && shownAs(project.id, ids, shown), (options) =>
      changeMany(
        ids.map((id) => ({ id, ...changeOf(id) })),
        options,
      ),
    );
  const remove = () => void run("deleted", shownWithout(project.id, ids), (options) => deleteMany(ids, options));
  return { isBusy, report, dismiss: () => setReport(null), change, remove };
}

export function BulkBar() {
  const { selection } = useProject();
  const bulk = useBulk();
  const { report } = bulk;
  return (
    <>
      {selection.size > 0 && <Bar bulk={bulk} />}
      <Modal
        opened={report !== null}
        onClose={bulk.dismiss}
        title={report?.title}
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <Text size="sm" mb="sm">
          {report?.failed.length} could not be changed and stay selected:
        </Text>
        <ul className="plain outcomes">
          {report?.failed.map((each) => (
            <li key={each.id}>
              <Text fw={600} size="sm">
                {each.title}
              </Text>
              <Text size="sm" c="dimmed">
                {reasonOf(each)}
              </Text>
            </li>
          ))}
        </ul>
      </Modal>
    </>
  );
}

function Bar({ bulk: { isBusy, change, remove } }: { readonly bulk: ReturnType<typeof useBulk> }) {
  const { selection } = useProject();
  return (
    <div className="bulk" role="toolbar" aria-label="Selected tasks" aria-busy={isBusy}>
      <Text fw={600} size="sm" className="bulk-count">
        {selection.size} selected
      </Text>
      <Choice icon="board" name="Move" isBusy={isBusy}>
        {STATUSES.map((status) => (
          <Menu.Item
            key={status}
            onClick={() => change(`moved to ${STATUS_NAMES[status]}`, () => ({ status }), { status })}
            leftSection={<span className={`dot dot-${status}`} aria-hidden="true" />}
          >
            {STATUS_NAMES[status]}
          </Menu.Item>
        ))}
      </Choice>
      <Assign isBusy={isBusy} change={change} />
      <Labels isBusy={isBusy} change={change} />
      <Choice icon="flag" name="Priority" isBusy={isBusy}>
        {PRIORITIES.map((priority) => (
          <Menu.Item
            key={priority}
            onClick={() => change(`set to ${PRIORITY_NAMES[priority]}`, () => ({ priority }), { priority })}
          >
            {PRIORITY_NAMES[priority]}
          </Menu.Item>
        ))}
      </Choice>
      <DeleteMany isBusy={isBusy} onDelete={remove} />
      <CloseButton
        className="bulk-close"
        size="lg"
        aria-label="Clear the selection"
        onClick={() => selection.set([])}
      />
    </div>
  );
}

/** Asks before it deletes. */
function DeleteMany({ isBusy, onDelete }: { readonly isBusy: boolean; readonly onDelete: () => void }) {
  const { selection } = useProject();
  const [isAsking, setAsking] = useState(false);
  const words = `${selection.size} ${selection.size === 1 ? "task" : "tasks"}`;
  const close = () => setAsking(false);
  const remove = () => {
    close();
    onDelete();
  };
  return (
    <>
      <Button
        className="danger"
        variant="subtle"
        color="red"
        size="sm"
        leftSection={<Icon name="trash" />}
        disabled={isBusy}
        onClick={() => setAsking(true)}
      >
        Delete
      </Button>
      <Modal opened={isAsking} onClose={close} title={`Delete ${words}?`} closeButtonProps={{ "aria-label": "Close" }}>
        <Text size="sm">Their subtasks, comments and work logs go with them. This cannot be undone.</Text>
        <div className="dialog-foot">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button color="red.9" data-autofocus onClick={remove}>
            Delete {words}
          </Button>
        </div>
      </Modal>
    </>
  );
}

interface ChoiceProps {
  readonly icon: IconName;
  readonly name: string;
  readonly isBusy: boolean;
  readonly children: ReactNode;
}

function Choice({ icon, name, isBusy, children }: ChoiceProps) {
  return (
    <Menu position="top-start" width={220}>
      <Menu.Target>
        <Button variant="subtle" color="gray" size="sm" leftSection={<Icon name={icon} />} disabled={isBusy}>
          {name}
        </Button>
      </Menu.Target>
      <Menu.Dropdown className="tall-menu">{children}</Menu.Dropdown>
    </Menu>
  );
}

type PartProps = Pick<ReturnType<typeof useBulk>, "isBusy" | "change">;

function Assign({ isBusy, change }: PartProps) {
  const { members } = useProject();
  return (
    <Choice icon="user" name="Assign" isBusy={isBusy}>
      {members.map(({ account, name }) => (
        <Menu.Item
          key={account}
          leftSection={<Face person={{ id: account, name }} size={20} />}
          onClick={() =>
            change(`assigned to ${name}`, () => ({ assignee: account }), { assignee: { id: account, name } })
          }
        >
          {name}
        </Menu.Item>
      ))}
      <Menu.Divider />
      <Menu.Item onClick={() => change("assigned to nobody", () => ({ assignee: null }), { assignee: null })}>
        Nobody
      </Menu.Item>
    </Choice>
  );
}

function Labels({ isBusy, change }: PartProps) {
  const { labels, tasks } = useProject();
  const labelsOf = (id: string) => tasks.items.find((task) => task.id === id)?.labels.map((label) => label.id) ?? [];
  return (
    <Choice icon="tag" name="Label" isBusy={isBusy}>
      {labels.length === 0 && <Menu.Label>The project has no labels yet. Make one in a task.</Menu.Label>}
      {labels.map(({ id, name, color }) => (
        <Menu.Item
          key={id}
          leftSection={<span className="swatch" style={{ background: color }} />}
          onClick={() => change(`labelled ${name}`, (task) => ({ labels: [...new Set([...labelsOf(task), id])] }))}
        >
          {name}
        </Menu.Item>
      ))}
      {labels.length > 0 && <Menu.Divider />}
      {labels.length > 0 && (
        <Menu.Item onClick={() => change("without labels", () => ({ labels: [] }), { labels: [] })}>
          Remove all labels
        </Menu.Item>
      )}
    </Choice>
  );
}
