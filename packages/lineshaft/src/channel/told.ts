/** Told: one message to many members, which differs only in the number under which each of them joined. */
export class Told {
  readonly type: "joined" | "presence" | "message";
  /** What follows the number: members of a JSON object. */
  readonly rest: string;
  /** What a way to the client makes of it, by number. */
  readonly frames = new Map<number, Buffer>();

  constructor(type: Told["type"], rest: string) {
    this.type = type;
    this.rest = rest;
  }
}
