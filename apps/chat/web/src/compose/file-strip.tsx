/** Files that go with the next message. */
import { ActionIcon, Loader } from "@mantine/core";
import { Icon } from "lineshaft-web-shared/parts/icons.tsx";
import { saySize } from "../parts/words.ts";
import type { UploadedFile, Uploads } from "./uploads.ts";

export function FileStrip({ uploads: { files, drop } }: { readonly uploads: Uploads }) {
  if (files.length === 0) return null;
  return (
    <ul className="plain file-strip">
      {files.map((file) => (
        <li key={file.key} className="file" data-failed={file.problem !== null || undefined}>
          <FileSign file={file} />
          <span className="file-words">
            <span className="file-name">{file.name}</span>
            <span className="file-size">{file.problem?.message ?? saySize(file.size)}</span>
          </span>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            aria-label={`Take out ${file.name}`}
            onClick={() => drop(file.key)}
          >
            <Icon name="close" size={14} />
          </ActionIcon>
        </li>
      ))}
    </ul>
  );
}

function FileSign({ file: { attachment, problem, name } }: { readonly file: UploadedFile }) {
  if (attachment === null && problem === null) return <Loader size={16} aria-label={`Uploading ${name}`} />;
  return <Icon name={problem === null ? "check" : "close"} size={16} />;
}
