/** A field for the text of a message, which offers members after an @. */
import { Text, Textarea } from "@mantine/core";
import { Face } from "lineshaft-web-shared/parts/people.tsx";
import { type KeyboardEvent, type RefObject, useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { count } from "../parts/words.ts";
import { useRoom } from "../room/room-context.tsx";
import { begunBefore, matching, type Named, toStored } from "./mentions.ts";

const CHARS_MAX = 4_000;
/** So many are left when the field begins to say how many. */
const CHARS_SAID = 300;
const ROWS_MAX = 9;

export interface WrittenText {
  readonly value: string;
  readonly caret: number;
  /** Who was picked from the list. */
  readonly picked: readonly Named[];
  readonly field: RefObject<HTMLTextAreaElement | null>;
  readonly write: (value: string, caret: number) => void;
  readonly pick: (member: Named) => void;
  readonly clear: () => void;
}

export function useText(initial: string): WrittenText {
  const [value, setValue] = useState(initial);
  const [caret, setCaret] = useState(initial.length);
  const [picked, setPicked] = useState<readonly Named[]>([]);
  const field = useRef<HTMLTextAreaElement>(null);
  const placed = useRef<number | null>(null);
  useLayoutEffect(() => {
    if (placed.current !== null) field.current?.setSelectionRange(placed.current, placed.current);
    placed.current = null;
  });
  const write = (next: string, at: number) => {
    setValue(next);
    setCaret(at);
  };
  const pick = (member: Named) => {
    const begun = begunBefore(value, caret) ?? "";
    const before = `${value.slice(0, caret - begun.length)}${member.name} `;
    setPicked((all) => [...all, member]);
    write(before + value.slice(caret), before.length);
    placed.current = before.length;
  };
  const clear = () => {
    write("", 0);
    setPicked([]);
  };
  return { value, caret, picked, field, write, pick, clear };
}

interface Props {
  readonly label: string;
  readonly text: WrittenText;
  readonly autoFocus?: boolean;
  readonly onTyping?: () => void;
  readonly onSend: () => void;
  /** Keys that the list of members does not take. */
  readonly onKeyDown?: (event: KeyboardEvent) => void;
  readonly onFull: (isFull: boolean) => void;
}

export function TextField({ label, text, autoFocus = false, onTyping, onSend, onKeyDown, onFull }: Props) {
  const { members } = useRoom();
  const { value, caret, field, write } = text;
  const offer = useOffer(text);
  const left = CHARS_MAX - toStored(value.trim(), members, text.picked).length;
  const isFull = left < 0;
  useEffect(() => onFull(isFull), [isFull, onFull]);
  useEffect(() => {
    // On a phone the keyboard would cover the room.
    if (autoFocus && matchMedia("(pointer: fine)").matches) field.current?.focus();
  }, [autoFocus, field]);
  const press = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing || offer.press(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      onSend();
    } else onKeyDown?.(event);
  };
  return (
    <div className="text-field">
      {offer.isOpen && <OfferList offer={offer} />}
      <Textarea
        ref={field}
        aria-label={label}
        placeholder={label}
        aria-autocomplete="list"
        aria-controls={offer.isOpen ? offer.id : undefined}
        aria-activedescendant={offer.isOpen ? `${offer.id}-${offer.index}` : undefined}
        autosize
        minRows={1}
        maxRows={ROWS_MAX}
        value={value}
        onChange={({ currentTarget }) => {
          write(currentTarget.value, currentTarget.selectionStart);
          if (currentTarget.value !== "") onTyping?.();
        }}
        onSelect={({ currentTarget }) => {
          if (currentTarget.selectionStart !== caret) write(value, currentTarget.selectionStart);
        }}
        onKeyDown={press}
        onFocus={() => offer.setFocused(true)}
        onBlur={() => offer.setFocused(false)}
      />
      {left < CHARS_SAID && (
        <Text size="xs" className={isFull ? "chars danger" : "chars"} role="status">
          {isFull ? `${count(-left, "character")} too many` : `${count(left, "character")} left`}
        </Text>
      )}
    </div>
  );
}

interface Offer {
  readonly id: string;
  readonly isOpen: boolean;
  readonly found: readonly Named[];
  readonly index: number;
  readonly pick: (member: Named) => void;
  readonly setFocused: (isFocused: boolean) => void;
  /** Whether the list has taken the key. */
  readonly press: (event: KeyboardEvent) => boolean;
}

function useOffer({ value, caret, pick }: WrittenText): Offer {
  const { members, me } = useRoom();
  const id = useId();
  const [index, setIndex] = useState(0);
  const [closedAt, setClosedAt] = useState<string | null>(null);
  const [isFocused, setFocused] = useState(false);
  const begun = begunBefore(value, caret);
  const others = members.filter(({ account }) => account !== me);
  const found = begun === null || closedAt === value ? [] : matching(others, begun);
  // Whoever is named in full has been picked.
  const isOpen = isFocused && found.length > 0 && !found.some(({ name }) => begun?.startsWith(`${name} `));
  const current = Math.min(index, found.length - 1);
  const press = (event: KeyboardEvent): boolean => {
    if (!isOpen) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) setIndex((current + step + found.length) % found.length);
    else if (event.key === "Enter" || event.key === "Tab") {
      pick(found[current]!);
      setIndex(0);
    } else if (event.key === "Escape") setClosedAt(value);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };
  return { id, isOpen, found, index: current, pick, setFocused, press };
}

function OfferList({ offer: { id, found, index, pick } }: { readonly offer: Offer }) {
  return (
    <div className="offer" role="listbox" id={id} aria-label="Members">
      {found.map((member, at) => (
        <div
          key={member.account}
          id={`${id}-${at}`}
          role="option"
          tabIndex={-1}
          aria-selected={at === index}
          className="offered"
          // The field keeps the focus.
          onPointerDown={(event) => {
            event.preventDefault();
            pick(member);
          }}
        >
          <Face person={{ id: member.account, name: member.name }} size={22} />
          {member.name}
        </div>
      ))}
    </div>
  );
}
