/** A dialog with a form: what it says when it is sent, and what the server has against it. */
import type { Problem } from "@lineshaft/client";
import { Button, Group, Modal, Stack } from "@mantine/core";
import { Failure } from "lineshaft-web-shared/parts/failure.tsx";
import { asProblem } from "lineshaft-web-shared/parts/problem.ts";
import { type FormEvent, type ReactNode, useState } from "react";

interface Props {
  readonly title: string;
  readonly submit: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  /** What fails is shown. */
  readonly onSubmit: (values: Readonly<Record<string, string>>) => Promise<void>;
  readonly children: (problem: Problem | null) => ReactNode;
}

export function FormDialog({ title, isOpen, onClose, ...form }: Props) {
  return (
    <Modal opened={isOpen} onClose={onClose} title={title} closeButtonProps={{ "aria-label": "Close" }}>
      <Form onClose={onClose} {...form} />
    </Modal>
  );
}

function Form({ submit, onClose, onSubmit, children }: Omit<Props, "title" | "isOpen">) {
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  const send = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(event.currentTarget)) as Record<string, string>;
    setBusy(true);
    try {
      await onSubmit(values);
      onClose();
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void send(event)}>
      <Stack>
        {problem !== null && problem.errors.length === 0 && <Failure error={problem} />}
        {children(problem)}
        <Group justify="end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={isBusy}>
            {submit}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
