/** The labels of a task: chosen from those of the project, or made on the way. */
import { MultiSelect } from "@mantine/core";
import { tellFailed } from "lineshaft-web-shared/parts/notices.tsx";
import { useState } from "react";
import { type Label, tasks } from "../client.ts";
import { useProject } from "../project/project-context.tsx";

/** Colours of new labels, in turn. */
const COLORS = ["#4263eb", "#0c8599", "#2f9e44", "#e8590c", "#c2255c", "#9c36b5", "#f08c00", "#64748b"];

/** Stands among the labels for one that is not there yet. */
const NEW = "new";
/** Labels of one task. */
const LABELS_MAX = 20;

interface Props {
  readonly chosen: readonly string[];
  readonly onChange: (labels: readonly string[]) => void;
  readonly error: string | null;
}

export function LabelPicker({ chosen, onChange, error }: Props) {
  const { project, labels: known } = useProject();
  // What was made here is chosen before the list of all labels has come with it.
  const [made, setMade] = useState<readonly Label[]>([]);
  const labels = [...known, ...made.filter(({ id }) => !known.some((label) => label.id === id))];
  const [text, setText] = useState("");
  const name = text.trim();
  const isNew = name !== "" && !labels.some((label) => label.name.toLowerCase() === name.toLowerCase());
  const create = async () => {
    try {
      const color = COLORS[labels.length % COLORS.length] as string;
      const label = await tasks.createLabel({ project: project.id, name, color });
      setMade([...made, label]);
      onChange([...chosen, label.id]);
      setText("");
    } catch (failure) {
      tellFailed("The label could not be made", failure);
    }
  };
  const options = labels.map((label) => ({ value: label.id, label: label.name }));
  return (
    <MultiSelect
      label="Labels"
      placeholder={chosen.length === 0 ? "None" : ""}
      data={isNew ? [...options, { value: NEW, label: `Create label “${name}”` }] : options}
      value={[...chosen]}
      onChange={(next) => (next.includes(NEW) ? void create() : onChange(next))}
      searchable
      searchValue={text}
      onSearchChange={setText}
      nothingFoundMessage="Type a name to make a label"
      maxValues={LABELS_MAX}
      styles={{ inputField: { minWidth: 40 } }}
      error={error}
    />
  );
}
