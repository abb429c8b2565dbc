/** The text of a message: links, and members by their names. */
import { partsOf } from "../compose/mentions.ts";
import { useRoom } from "../room/room-context.tsx";

export function MessageText({ text }: { readonly text: string }) {
  const { me, nameOf } = useRoom();
  return partsOf(text).map((part) => {
    if (part.is === "text") return part.text;
    if (part.is === "link") {
      return (
        <a key={part.key} href={part.text} target="_blank" rel="noreferrer noopener">
          {part.text}
        </a>
      );
    }
    return (
      <span key={part.key} className="mention" data-me={part.account === me || undefined}>
        @{nameOf(part.account) ?? "somebody"}
      </span>
    );
  });
}
