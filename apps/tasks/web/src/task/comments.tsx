/** What is said about a task. */

import type { Guess } from "@lineshaft/client";
import { usePages } from "@lineshaft/client/react";
import { ActionIcon, Button, Text, Textarea } from "@mantine/core";
import { useSession } from "lineshaft-web-shared/account/session.tsx";
import { Failure, Waiting } from "lineshaft-web-shared/parts/failure.tsx";
import { Icon } from "lineshaft-web-shared/parts/icons.tsx";
import { tellFailed } from "lineshaft-web-shared/parts/notices.tsx";
import { Face } from "lineshaft-web-shared/parts/people.tsx";
import { type FormEvent, useState } from "react";
import { type Comment, client, tasks, type WholeTask } from "../client.ts";
import { useProject } from "../project/project-context.tsx";
import { sayTime } from "./words.ts";

const GONE = { id: "", name: "Somebody who left" };

export function Comments({ task }: { readonly task: WholeTask }) {
  const { canEdit } = useProject();
  const place = { project: task.project, task: task.id };
  const { data, problem, status } = usePages(tasks.comments, place);
  const remove = async (comment: string) => {
    try {
      await tasks.deleteComment({ ...place, comment }, { optimistic: [shownWithout(place, comment)] });
    } catch (error) {
      tellFailed("The comment could not be deleted", error);
    }
  };
  return (
    <div className="talk">
      {problem && <Failure error={problem} onRetry={client.$restart} />}
      {status === "loading" && <Waiting what="Loading comments" />}
      {data?.items.length === 0 && (
        <Text c="dimmed" size="sm">
          Nobody has said anything yet.
        </Text>
      )}
      <ul className="plain said">
        {data?.items.map((comment) => (
          <Said key={comment.id} comment={comment} onDelete={() => void remove(comment.id)} />
        ))}
      </ul>
      {data?.hasMore && (
        <Button variant="default" size="xs" loading={data.isLoading} onClick={data.more}>
          Show more
        </Button>
      )}
      {canEdit && (
        <CommentForm
          onAdd={async (body) => {
            await tasks.addComment({ ...place, body });
          }}
        />
      )}
    </div>
  );
}

function shownWithout(place: { readonly project: string; readonly task: string }, comment: string): Guess {
  return tasks.comments.guess(place, (page) => ({ ...page, items: page.items.filter(({ id }) => id !== comment) }));
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
