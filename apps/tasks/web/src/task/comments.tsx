/** What is said about a task. */
import { ActionIcon, Button, Text, Textarea } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useSession } from "../account/session.tsx";
import { addComment, type Comment, comments, deleteComment, type WholeTask } from "../api/tasks.ts";
import { Failure, Waiting } from "../parts/failure.tsx";
import { Icon } from "../parts/icons.tsx";
import { tellFailed } from "../parts/notices.tsx";
import { Face } from "../parts/people.tsx";
import { useProject } from "../project/project-context.tsx";
import { usePages } from "./use-pages.ts";
import { sayTime } from "./words.ts";

interface Props {
  readonly task: WholeTask;
  readonly onChange: () => Promise<void>;
}

const GONE = { id: "", name: "Somebody who left" };

export function Comments({ task, onChange }: Props) {
  const { canEdit } = useProject();
  const place = { project: task.project, task: task.id };
  const pages = usePages((cursor, signal) => comments({ ...place, cursor }, signal));
  const remove = async (comment: string) => {
    try {
      await deleteComment({ ...place, comment });
      pages.drop(comment);
      await onChange();
    } catch (error) {
      tellFailed("The comment could not be deleted", error);
    }
  };
  return (
    <div className="talk">
      {pages.error !== null && <Failure error={pages.error} onRetry={() => void pages.more()} />}
      {pages.items === null && pages.error === null && <Waiting what="Loading comments" />}
      {pages.items?.length === 0 && (
        <Text c="dimmed" size="sm">
          Nobody has said anything yet.
        </Text>
      )}
      <ul className="plain said">
        {pages.items?.map((comment) => (
          <Said key={comment.id} comment={comment} onDelete={() => void remove(comment.id)} />
        ))}
      </ul>
      {pages.hasMore && (
        <Button variant="default" size="xs" onClick={() => void pages.more()}>
          Show more
        </Button>
      )}
      {canEdit && (
        <CommentForm
          onAdd={async (body) => {
            pages.add(await addComment({ ...place, body }));
            await onChange();
          }}
        />
      )}
    </div>
  );
}

function Said({ comment, onDelete }: { readonly comment: Comment; readonly onDelete: () => void }) {
  const { state } = useSession();
  const { project, canEdit } = useProject();
  const author = comment.author ?? GONE;
  const isMine = state.is === "in" && state.account.id === author.id;
  return (
    <li className="saying">
      <Face person={author} size={30} />
      <div className="saying-words">
        <Text size="sm">
          <strong>{author.name}</strong>{" "}
          <Text span c="dimmed" size="xs">
            {sayTime(comment.createdAt)}
          </Text>
        </Text>
        <Text size="sm" className="written">
          {comment.body}
        </Text>
      </div>
      {canEdit && (isMine || project.role === "owner") && (
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={`Delete the comment of ${author.name}`}
          onClick={onDelete}
        >
          <Icon name="trash" size={16} />
        </ActionIcon>
      )}
    </li>
  );
}

function CommentForm({ onAdd }: { readonly onAdd: (body: string) => Promise<void> }) {
  const [body, setBody] = useState("");
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      await onAdd(body);
      setBody("");
    } catch (error) {
      tellFailed("The comment could not be added", error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="add-line" onSubmit={(event) => void submit(event)}>
      <Textarea
        aria-label="New comment"
        placeholder="Write a comment"
        rows={2}
        maxLength={20_000}
        value={body}
        onChange={(event) => setBody(event.currentTarget.value)}
      />
      <Button type="submit" variant="default" loading={isBusy} disabled={body.trim() === ""}>
        Comment
      </Button>
    </form>
  );
}
