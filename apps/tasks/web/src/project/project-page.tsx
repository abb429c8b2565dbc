/** A project: its head, the filters, board or list, and the dialog of an open task. */

import { useQuery } from "@lineshaft/client/react";
import { Badge, Button, SegmentedControl, Skeleton, Text, Title } from "@mantine/core";
import { Empty } from "lineshaft-web-shared/parts/empty.tsx";
import { Failure, Waiting } from "lineshaft-web-shared/parts/failure.tsx";
import { Icon } from "lineshaft-web-shared/parts/icons.tsx";
import { useState } from "react";
import { Board } from "../board/board.tsx";
import { tasks as api, client, type Label, type Member, type Project } from "../client.ts";
import { TaskTable } from "../list/task-table.tsx";
import { go, type Place, type View } from "../route.ts";
import { TaskDialog } from "../task/task-dialog.tsx";
import { STATUSES, type Status } from "../task/words.ts";
import { BulkBar } from "./bulk-bar.tsx";
import { FilterBar } from "./filter-bar.tsx";
import { countFilters, type Filters, NO_FILTERS } from "./filters.ts";
import { MembersDialog } from "./members-dialog.tsx";
import { type ProjectOnPage, ProjectOnPageProvider, useProject } from "./project-context.tsx";
import { useSelection } from "./use-selection.ts";
import { useTasks } from "./use-tasks.ts";

type ProjectPlace = Extract<Place, { at: "project" }>;

interface Whole {
  readonly project: Project;
  readonly members: readonly Member[];
  readonly labels: readonly Label[];
}

export function ProjectPage({ place }: { readonly place: ProjectPlace }) {
  const id = { project: place.project };
  const project = useQuery(api.project, id);
  const members = useQuery(api.members, id);
  const labels = useQuery(api.labels, id);
  const problem = project.problem ?? members.problem ?? labels.problem;
  if (problem) {
    return (
      <main className="narrow">
        <Failure error={problem} onRetry={client.$restart} />
      </main>
    );
  }
  if (!project.data || !members.data || !labels.data) return <Waiting what="Loading the project" />;
  return <Loaded place={place} whole={{ project: project.data, members: members.data, labels: labels.data }} />;
}

interface LoadedProps {
  readonly place: ProjectPlace;
  readonly whole: Whole;
}

function Loaded({ place, whole }: LoadedProps) {
  const [filters, setFilters] = useState<Filters>(NO_FILTERS);
  const [newIn, setNewIn] = useState<Status | null>(null);
  const { tasks, move } = useTasks(place.project, filters);
  const selection = useSelection(tasks.items);
  const openTask = (id: string | null) => go({ ...place, task: id });
  const onPage: ProjectOnPage = {
    ...whole,
    canEdit: whole.project.role !== "viewer" && whole.project.archivedAt === null,
    tasks,
    move,
    filters,
    setFilters,
    selection,
    openTask,
    newTask: setNewIn,
  };
  return (
    <ProjectOnPageProvider value={onPage}>
      <main className="project">
        <Head place={place} />
        <FilterBar />
        <Tasks view={place.view} />
        <BulkBar />
      </main>
      <TaskDialog
        task={place.task}
        status={newIn}
        onClose={() => (place.task === null ? setNewIn(null) : openTask(null))}
      />
    </ProjectOnPageProvider>
  );
}

const VIEW_OPTIONS = [
  { value: "board", label: "Board" },
  { value: "list", label: "List" },
];

function Head({ place }: { readonly place: ProjectPlace }) {
  const { project, members, canEdit, newTask } = useProject();
  const [isMembersOpen, setMembersOpen] = useState(false);
  return (
    <header className="project-head">
      <div className="project-title">
        <Title order={1} size="h3" lineClamp={1}>
          {project.name}
        </Title>
        {project.archivedAt !== null && <Badge color="gray">Archived</Badge>}
        {project.role === "viewer" && <Badge variant="default">Read only</Badge>}
      </div>
      <SegmentedControl
        aria-label="View"
        data={VIEW_OPTIONS}
        value={place.view}
        onChange={(view) => go({ ...place, view: view as View })}
      />
      <Button
        variant="default"
        leftSection={<Icon name="users" />}
        aria-label={`Members (${members.length})`}
        onClick={() => setMembersOpen(true)}
      >
        <span className="only-wide">Members ({members.length})</span>
        <span className="narrow-only">{members.length}</span>
      </Button>
      {canEdit && (
        <Button className="new-task" leftSection={<Icon name="plus" />} onClick={() => newTask("todo")}>
          New<span className="only-wide">&nbsp;task</span>
        </Button>
      )}
      <MembersDialog isOpen={isMembersOpen} onClose={() => setMembersOpen(false)} />
    </header>
  );
}

function Tasks({ view }: { readonly view: View }) {
  const { tasks, filters, setFilters, newTask, canEdit } = useProject();
  if (tasks.error !== null) return <Failure error={tasks.error} onRetry={client.$restart} />;
  if (!tasks.isThere) return <Skeletons />;
  if (tasks.items.length === 0) {
    if (countFilters(filters) > 0) {
      return (
        <Empty icon="search" title="No task passes the filters" text="Change a filter, or show everything again.">
          <Button variant="default" onClick={() => setFilters(NO_FILTERS)}>
            Clear all filters
          </Button>
        </Empty>
      );
    }
    return (
      <Empty
        icon="board"
        title="No task yet"
        text="Write down the first thing that is to be done. Drag it along as it gets done."
      >
        {canEdit && (
          <Button leftSection={<Icon name="plus" />} onClick={() => newTask("todo")}>
            New task
          </Button>
        )}
      </Empty>
    );
  }
  return (
    <>
      {view === "board" ? <Board /> : <TaskTable />}
      {tasks.isCut && (
        <Text size="sm" c="dimmed" ta="center" p="sm">
          These are the first {tasks.items.length} tasks. Filter to see the others.
        </Text>
      )}
    </>
  );
}

function Skeletons() {
  return (
    <div className="board" role="status" aria-label="Loading tasks">
      {STATUSES.map((status) => (
        <div className="column" key={status}>
          <Skeleton height={84} radius="md" mt="xs" />
          <Skeleton height={64} radius="md" mt="xs" />
        </div>
      ))}
    </div>
  );
}
