/** The dialog that makes a project. */
import { Button, Group, Modal, Stack, Textarea, TextInput } from "@mantine/core";
import { type FormEvent, type ReactNode, useState } from "react";
import { asProblem, type Problem } from "../api/problem.ts";
import { createProject } from "../api/projects.ts";
import { Failure } from "../parts/failure.tsx";
import { go } from "../route.ts";
import { useProjects } from "./use-projects.tsx";

/** `open` shows `dialog`, which must be rendered. */
export function useNewProject(): { readonly open: () => void; readonly dialog: ReactNode } {
  const [isOpen, setOpen] = useState(false);
  const close = () => setOpen(false);
  const dialog = (
    <Modal opened={isOpen} onClose={close} title="New project" closeButtonProps={{ "aria-label": "Close" }}>
      <NewProjectForm onDone={close} />
    </Modal>
  );
  return { open: () => setOpen(true), dialog };
}

function NewProjectForm({ onDone }: { readonly onDone: () => void }) {
  const { reload } = useProjects();
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const { name = "", description = "" } = Object.fromEntries(new FormData(event.currentTarget)) as Record<
      string,
      string
    >;
    setBusy(true);
    try {
      const { id } = await createProject({ name, description });
      onDone();
      go({ at: "project", project: id, view: "board", task: null });
      await reload();
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack>
        {problem !== null && problem.fields.length === 0 && <Failure error={problem} />}
        <TextInput
          name="name"
          label="Name"
          required
          maxLength={200}
          data-autofocus
          error={problem?.fieldError("name")}
        />
        <Textarea
          name="description"
          label="Description"
          rows={3}
          maxLength={5_000}
          error={problem?.fieldError("description")}
        />
        <Group justify="end">
          <Button variant="default" onClick={onDone}>
            Cancel
          </Button>
          <Button type="submit" loading={isBusy}>
            Create project
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
