/** Said: what was sent on channels, and who heard it: nothing twice, nothing out of order, nothing of another room. */
import type { Record } from "./record.ts";

interface Numbered {
  readonly room: string;
  readonly person: string;
  readonly number: number;
}

export class Said {
  readonly #record: Record;
  /** How often each membership said that it types. */
  readonly #typed = new Map<string, number>();

  constructor(record: Record) {
    this.#record = record;
  }

  typed(key: string): void {
    this.#record.count("typing sent");
    this.#typed.set(key, (this.#typed.get(key) ?? 0) + 1);
  }

  /** One membership that listens. */
  listener(who: string, room: string) {
    const [typing, last, heard] = [new Map<string, number>(), new Map<string, number>(), new Set<string>()];
    const find = (kind: "doubled" | "wrong", what: string) => this.#record.find("said", kind, `${who}: ${what}`);
    return {
      typing: (key: string): void => {
        const count = (typing.get(key) ?? 0) + 1;
        typing.set(key, count);
        const sent = this.#typed.get(key) ?? 0;
        if (count > sent) find("doubled", `${key} typed ${sent} times, and was heard ${count} times`);
      },
      number: (key: string, { room: of, person, number }: Numbered): void => {
        if (of !== room) find("wrong", `a message of the room ${of} in ${room}`);
        if (heard.has(`${person} ${number}`)) find("doubled", `${number} of ${person} again`);
        else if (number < (last.get(key) ?? 0)) find("wrong", `${number} of ${person} after ${last.get(key)}`);
        heard.add(`${person} ${number}`);
        last.set(key, number);
      },
    };
  }
}
