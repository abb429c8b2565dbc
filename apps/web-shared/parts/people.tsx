/** People as they are shown: initials on a colour that stays theirs. */
import { Tooltip } from "@mantine/core";

export interface Person {
  readonly id: string;
  readonly name: string;
}

/** Grounds on which white letters can be read. */
const GROUNDS = ["#3b5bdb", "#0b7285", "#2b6e3f", "#a8410b", "#9c36b5", "#c2255c", "#5f3dc4", "#495057"];

function groundOf(id: string): string {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + character.charCodeAt(0)) % 9_973;
  return GROUNDS[sum % GROUNDS.length] as string;
}

function initialsOf(name: string): string {
  const words = name.split(/[\s._@-]+/).filter((word) => word !== "");
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return letters
    .map((word) => Array.from(word ?? "?")[0])
    .join("")
    .toUpperCase();
}

/** A decoration next to a name, or with one in its tooltip. The initials are no text, so nobody hears them. */
export function Face({ person, size = 24 }: { readonly person: Person; readonly size?: number }) {
  const look = { width: size, height: size, fontSize: size * 0.4, background: groundOf(person.id) };
  return <span className="face" aria-hidden="true" style={look} data-initials={initialsOf(person.name)} />;
}

export function NamedFace({ person, size = 24 }: { readonly person: Person; readonly size?: number }) {
  return (
    <Tooltip label={person.name} withinPortal>
      <span className="named-face">
        <Face person={person} size={size} />
        <span className="unseen">Assigned to {person.name}</span>
      </span>
    </Tooltip>
  );
}
