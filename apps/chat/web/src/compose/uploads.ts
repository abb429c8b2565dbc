/** Uploads: files that go up while one writes, to be posted with the next message. */
import type { Problem } from "@lineshaft/client";
import { asProblem } from "lineshaft-web-shared/parts/problem.ts";
import { useCallback, useMemo, useState } from "react";
import { type Attachment, chat } from "../client.ts";

const FILES_MAX = 10;
const NAME_CHARS_MAX = 200;

export interface UploadedFile {
  readonly key: string;
  readonly name: string;
  readonly size: number;
  readonly attachment: Attachment | null;
  readonly problem: Problem | null;
}

export interface Uploads {
  readonly files: readonly UploadedFile[];
  readonly add: (files: Iterable<File>) => void;
  readonly drop: (key: string) => void;
  /** What has come up, as many as one message takes. */
  readonly ready: readonly Attachment[];
  /** That is posted; the others stay for the next message. */
  readonly posted: () => void;
  readonly isBusy: boolean;
}

export function useUploads(room: string): Uploads {
  const [files, setFiles] = useState<readonly UploadedFile[]>([]);
  const upload = useCallback(
    async (key: string, file: File) => {
      const set = (change: Partial<UploadedFile>) =>
        setFiles((all) => all.map((each) => (each.key === key ? { ...each, ...change } : each)));
      try {
        set({ attachment: await chat.attach({ room, name: nameOf(file) }, { file }) });
      } catch (error) {
        set({ problem: asProblem(error) });
      }
    },
    [room],
  );
  const add = useCallback(
    (added: Iterable<File>) => {
      const some = Array.from(added, (file) => ({ key: crypto.randomUUID(), file }));
      const shown = some.map(({ key, file }) => ({ key, name: nameOf(file), size: file.size }));
      setFiles((all) => [...all, ...shown.map((each) => ({ ...each, attachment: null, problem: null }))]);
      for (const { key, file } of some) void upload(key, file);
    },
    [upload],
  );
  const drop = useCallback((key: string) => setFiles((all) => all.filter((each) => each.key !== key)), []);
  return useMemo(() => {
    const ready = files.flatMap(({ attachment }) => attachment ?? []).slice(0, FILES_MAX);
    const isBusy = files.some(({ attachment, problem }) => attachment === null && problem === null);
    const isLeft = ({ attachment }: UploadedFile) => attachment === null || !ready.includes(attachment);
    const posted = () => setFiles((all) => all.filter(isLeft));
    return { files, add, drop, ready, posted, isBusy };
  }, [files, add, drop]);
}

function nameOf({ name }: File): string {
  return name.slice(-NAME_CHARS_MAX) || "file";
}
