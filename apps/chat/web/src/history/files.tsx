/** Files of a message: pictures are shown, others are named. */
import { Icon } from "lineshaft-web-shared/parts/icons.tsx";
import type { Message } from "../client.ts";
import { saySize } from "../parts/words.ts";
import { useRoom } from "../room/room-context.tsx";

const PICTURES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"]);

export function Files({ files }: { readonly files: Message["attachments"] }) {
  const { room } = useRoom();
  if (files.length === 0) return null;
  return (
    <ul className="plain files">
      {files.map(({ id, name, type, size }) => {
        const address = `/chat/rooms/${room.id}/attachments/${id}`;
        const isPicture = PICTURES.has(type);
        return (
          <li key={id}>
            <a className={isPicture ? "picture" : "file"} href={address} target="_blank" rel="noreferrer">
              {isPicture ? <img src={address} alt={name} loading="lazy" /> : <Icon name="file" />}
              {!isPicture && (
                <span className="file-words">
                  <span className="file-name">{name}</span>
                  <span className="file-size">{saySize(size)}</span>
                </span>
              )}
            </a>
          </li>
        );
      })}
    </ul>
  );
}
