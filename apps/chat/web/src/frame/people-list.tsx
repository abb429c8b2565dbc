/** People of the caller's rooms, found by name, to pick one. */
import { useQuery } from "@lineshaft/client/react";
import { Text, TextInput, UnstyledButton } from "@mantine/core";
import { Failure, Waiting } from "lineshaft-web-shared/parts/failure.tsx";
import { Face, type Person } from "lineshaft-web-shared/parts/people.tsx";
import { useState } from "react";
import { chat } from "../client.ts";

interface Props {
  readonly verb: string;
  readonly onPick: (person: Person) => void;
}

export function PeopleList({ verb, onPick }: Props) {
  const [sought, setSought] = useState("");
  const { status, data, problem } = useQuery(chat.people, { q: sought.trim() }, { keep: true });
  return (
    <>
      <TextInput
        label="Name"
        type="search"
        value={sought}
        maxLength={100}
        data-autofocus
        onChange={(event) => setSought(event.currentTarget.value)}
      />
      {problem && <Failure error={problem} />}
      {status === "loading" && <Waiting what="Looking" />}
      {data?.length === 0 && (
        <Text c="dimmed" size="sm" mt="md">
          {sought === ""
            ? "You meet people in rooms: join one first."
            : "Nobody of your rooms has such a name. You meet others by joining their rooms."}
        </Text>
      )}
      <ul className="plain picks">
        {data?.map((person) => (
          <li key={person.id}>
            <UnstyledButton className="pick" aria-label={`${verb} ${person.name}`} onClick={() => onPick(person)}>
              <Face person={person} size={32} />
              <span>{person.name}</span>
            </UnstyledButton>
          </li>
        ))}
      </ul>
    </>
  );
}
