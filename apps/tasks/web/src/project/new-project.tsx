/** The dialog that makes a project. */

import type { Problem } from "@lineshaft/client";
import { Button, Group, Modal, Stack, Textarea, TextInput } from "@mantine/core";
import { Failure } from "lineshaft-web-shared/parts/failure.tsx";
import { asProblem, fieldError } from "lineshaft-web-shared/parts/problem.ts";
import { type FormEvent, type ReactNode, useState } from "react";
import { tasks } from "../client.ts";
import { go } from "../route.ts";

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
      const { id } = await tasks.createProject({ name, description });
      onDone();
      go({ at: "project", project: id, view: "board", task: null });
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack>
        {problem !== null && problem.errors.length === 0 && <Failure error={problem} />}
        <TextInput
          name="name"
          label="Name"
          required
          maxLength={200}
          data-autofocus
          error={fieldError(problem, "name")}
        />
        <Textarea
          name="description"
          label="Description"
          rows={3}
          maxLength={5_000}
          error={fieldError(problem, "description")}
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
