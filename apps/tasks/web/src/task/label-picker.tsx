/** The labels of a task: chosen from those of the project, or made on the way. */
import { Button, Group, MultiSelect } from "@mantine/core";
import { useState } from "react";
import { createLabel } from "../api/projects.ts";
import { Icon } from "../parts/icons.tsx";
import { tellFailed } from "../parts/notices.tsx";
import { useProject } from "../project/project-context.tsx";

/** Colours of new labels, in turn. */
const COLORS = ["#4263eb", "#0c8599", "#2f9e44", "#e8590c", "#c2255c", "#9c36b5", "#f08c00", "#64748b"];

interface Props {
  readonly chosen: readonly string[];
  readonly onChange: (labels: readonly string[]) => void;
  readonly error: string | null;
}

export function LabelPicker({ chosen, onChange, error }: Props) {
  const { project, labels, reloadProject } = useProject();
  const [text, setText] = useState("");
  const name = text.trim();
  const isNew = name !== "" && !labels.some((label) => label.name.toLowerCase() === name.toLowerCase());
  const create = async () => {
    try {
      const color = COLORS[labels.length % COLORS.length] as string;
      const { id } = await createLabel({ project: project.id, name, color });
      await reloadProject();
      onChange([...chosen, id]);
      setText("");
    } catch (failure) {
      tellFailed("The label could not be made", failure);
    }
  };
  return (
    <div>
      <MultiSelect
        label="Labels"
        placeholder={chosen.length === 0 ? "None" : ""}
        data={labels.map((label) => ({ value: label.id, label: label.name }))}
        value={[...chosen]}
        onChange={onChange}
        searchable
        searchValue={text}
        onSearchChange={setText}
        nothingFoundMessage={name === "" ? "Type a name to make a label" : "No such label yet"}
        maxValues={20}
        styles={{ inputField: { minWidth: 40 } }}
        error={error}
      />
      {isNew && (
        <Group mt={6}>
          <Button size="xs" variant="light" leftSection={<Icon name="plus" size={14} />} onClick={() => void create()}>
            Create label “{name}”
          </Button>
        </Group>
      )}
    </div>
  );
}
