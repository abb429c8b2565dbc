/** Mentions: `@[account id]` in what is stored, `@Name` in what is written. */
import type { Member } from "../client.ts";

const MENTION = /@\[([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\]/gi;
const LINK = /https?:\/\/[^\s<>"]*[^\s<>"'.,;:!?)\]]/g;
/** A mention that is being written, before the caret. */
const BEGUN = /(?:^|[\s(])@([^@\n]{0,40})$/u;
const MATCHES_MAX = 6;

export type Named = Pick<Member, "account" | "name">;

export type Part =
  | { readonly is: "text"; readonly key: number; readonly text: string }
  | { readonly is: "link"; readonly key: number; readonly text: string }
  | { readonly is: "mention"; readonly key: number; readonly account: string };

/** A stored text in parts. */
export function partsOf(text: string): readonly Part[] {
  const found = [
    ...Array.from(text.matchAll(MENTION), (match) => ({ match, is: "mention" as const })),
    ...Array.from(text.matchAll(LINK), (match) => ({ match, is: "link" as const })),
  ].toSorted((one, other) => one.match.index - other.match.index);
  const parts: Part[] = [];
  let end = 0;
  for (const { match, is } of found) {
    if (match.index < end) continue;
    if (match.index > end) parts.push({ is: "text", key: end, text: text.slice(end, match.index) });
    if (is === "link") parts.push({ is, key: match.index, text: match[0] });
    else parts.push({ is, key: match.index, account: match[1]!.toLowerCase() });
    end = match.index + match[0].length;
  }
  if (end < text.length) parts.push({ is: "text", key: end, text: text.slice(end) });
  return parts;
}

/** What is stored, as it is written. */
export function toWritten(text: string, nameOf: (account: string) => string | undefined): string {
  return text.replaceAll(MENTION, (whole, account: string) => {
    const name = nameOf(account.toLowerCase());
    return name === undefined ? whole : `@${name}`;
  });
}

/**
 * What is written, as it is stored. The longest names first: who is called Ada Lovelace is not Ada.
 *
 * @param picked  Who was picked from the list comes before others of the same name.
 */
export function toStored(written: string, members: readonly Named[], picked: readonly Named[]): string {
  const known = [...picked, ...members].filter(({ name }) => written.includes(`@${name}`));
  const ordered = known.toSorted((one, other) => other.name.length - one.name.length);
  let text = written;
  for (const { account, name } of ordered) {
    // After a letter it is an address.
    const pattern = new RegExp(`(?<![\\p{L}\\p{N}])@${RegExp.escape(name)}(?![\\p{L}\\p{N}])`, "gu");
    text = text.replace(pattern, `@[${account}]`);
  }
  return text;
}

/** What of a name is written before the caret; null when no mention is. */
export function begunBefore(written: string, caret: number): string | null {
  return BEGUN.exec(written.slice(0, caret))?.[1] ?? null;
}

/** Members whose name, or a part of it, begins so. */
export function matching<TMember extends Named>(members: readonly TMember[], begun: string): readonly TMember[] {
  const sought = begun.toLowerCase();
  const matches = ({ name }: Named) => {
    const lower = name.toLowerCase();
    return lower.startsWith(sought) || lower.split(/\s+/).some((word) => word.startsWith(sought));
  };
  return members.filter(matches).slice(0, MATCHES_MAX);
}
