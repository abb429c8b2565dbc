/** The filters above board and list. On a narrow page all but the search are behind a button. */
import { Button, CloseButton, Group, Select, TextInput } from "@mantine/core";
import { useDebouncedCallback, useMediaQuery } from "@mantine/hooks";
import { Icon } from "lineshaft-web-shared/parts/icons.tsx";
import { useEffect, useState } from "react";
import { optionsOf, PRIORITY_NAMES } from "../task/words.ts";
import { countFilters, DUE_NAMES, type DueFilter, type Filters, NO_FILTERS, NOBODY } from "./filters.ts";
import { useProject } from "./project-context.tsx";

const TYPING_MS = 200;
export const NARROW = "(max-width: 48em)";

export function FilterBar() {
  const { filters, setFilters } = useProject();
  const isNarrow = useMediaQuery(NARROW) ?? false;
  const [isOpen, setOpen] = useState(false);
  const chosen = countFilters({ ...filters, text: "" });
  return (
    <search className="filters" aria-label="Filter tasks">
      <SearchField />
      {isNarrow && (
        <Button
          variant={chosen > 0 ? "light" : "default"}
          leftSection={<Icon name="filter" />}
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        >
          {chosen > 0 ? `Filters (${chosen})` : "Filters"}
        </Button>
      )}
      {(!isNarrow || isOpen) && <Choices filters={filters} onChange={setFilters} />}
      {countFilters(filters) > 0 && (
        <Button variant="subtle" color="gray" onClick={() => setFilters(NO_FILTERS)}>
          Clear
        </Button>
      )}
    </search>
  );
}

function SearchField() {
  const { filters, setFilters } = useProject();
  const [text, setText] = useState(filters.text);
  const search = useDebouncedCallback((words: string) => setFilters({ ...filters, text: words }), TYPING_MS);
  useEffect(() => setText(filters.text), [filters.text]);
  const change = (words: string) => {
    setText(words);
    search(words.trim() === "" ? "" : words);
  };
  return (
    <TextInput
      className="search-field"
      type="search"
      aria-label="Search tasks"
      placeholder="Search tasks"
      leftSection={<Icon name="search" />}
      value={text}
      maxLength={200}
      onChange={(event) => change(event.currentTarget.value)}
      rightSection={text !== "" && <CloseButton size="sm" aria-label="Clear the search" onClick={() => change("")} />}
    />
  );
}

interface ChoicesProps {
  readonly filters: Filters;
  readonly onChange: (filters: Filters) => void;
}

function Choices({ filters, onChange }: ChoicesProps) {
  const { members, labels } = useProject();
  const people = [
    { value: NOBODY, label: "Nobody" },
    ...members.map(({ account, name }) => ({ value: account, label: name })),
  ];
  const common = { clearable: true, className: "filter", comboboxProps: { withinPortal: true }, size: "sm" } as const;
  return (
    <Group gap="xs" className="filter-choices">
      <Select
        {...common}
        aria-label="Assignee"
        placeholder="Assignee"
        searchable
        data={people}
        value={filters.assignee}
        onChange={(assignee) => onChange({ ...filters, assignee })}
      />
      <Select
        {...common}
        aria-label="Label"
        placeholder="Label"
        searchable
        data={labels.map(({ id, name }) => ({ value: id, label: name }))}
        value={filters.label}
        nothingFoundMessage="No label"
        onChange={(label) => onChange({ ...filters, label })}
      />
      <Select
        {...common}
        aria-label="Priority"
        placeholder="Priority"
        data={optionsOf(PRIORITY_NAMES)}
        value={filters.priority}
        onChange={(priority) => onChange({ ...filters, priority })}
      />
      <Select
        {...common}
        aria-label="Due"
        placeholder="Due"
        data={optionsOf(DUE_NAMES)}
        value={filters.due}
        onChange={(due) => onChange({ ...filters, due: due as DueFilter | null })}
      />
    </Group>
  );
}
