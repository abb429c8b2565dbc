/** Types of a client: inputs and answers are read off the services, and mistakes are errors where they are written. */
import { type AnswerOf, createClient, type Membership, type State } from "@lineshaft/client";
import { useChannel, useQuery, useWatched } from "@lineshaft/client/react";
import type * as notes from "./notes.ts";

type Equal<TOne, TOther> = (<T>() => T extends TOne ? 1 : 2) extends <T>() => T extends TOther ? 1 : 2 ? true : false;
type Expect<TTrue extends true> = TTrue;

const client = createClient<{ notes: typeof notes }>({ url: "http://127.0.0.1:4000" });

interface Shown {
  readonly id: string;
  readonly board: string;
  readonly title: string;
  readonly visits: string;
  readonly at: string;
}
type Flat<T> = { [K in keyof T]: T[K] };

export async function calls() {
  const board = await client.notes.board({ board: "a" });
  const added = await client.notes.add({ board: "a", title: "b" });
  const nothing = await client.notes.ping();
  const csv = await client.notes.text();
  const posted = await client.notes.post({ path: "a", deep: { when: "2026-02-01T12:00:00Z", many: [{ size: "1" }] } });
  const attached = await client.notes.attach({ board: "a", name: "b" }, { file: new Blob([]) });
  const file = await client.notes.attached({ key: attached.key, name: attached.name });
  type Cases = [
    Expect<Equal<typeof file, Blob>>,
    Expect<Equal<typeof attached.size, number>>,
    Expect<Equal<AnswerOf<typeof notes.attached>, Blob>>,
    Expect<Equal<Flat<(typeof board)[number]>, Flat<Shown>>>,
    Expect<Equal<Flat<typeof added>, Flat<Shown>>>,
    Expect<Equal<typeof nothing, void>>,
    Expect<Equal<typeof csv, string>>,
    Expect<Equal<(typeof posted)["when"], string>>,
    Expect<Equal<(typeof posted)["next"]["items"], readonly number[]>>,
    Expect<Equal<typeof board, AnswerOf<typeof notes.board>>>,
  ];
  return null as unknown as Cases;
}

export function live() {
  const stop: () => void = client.notes.board.subscribe({ board: "a" }, (answer) => answer[0]?.title.trim(), {
    onProblem: ({ code, errors }) => [code.trim(), errors[0]?.pointer],
  });
  const guess = client.notes.board.guess({ board: "a" }, (answer) => answer.filter(({ visits }) => visits !== "0"));
  void client.notes.remove({ id: "a" }, { optimistic: [guess] });
  return stop;
}

export function useBoard() {
  const state: State<AnswerOf<typeof notes.board>> = useQuery(client.notes.board, { board: "a" });
  useQuery(client.notes.board, null);
  const same: typeof state = useWatched(client.notes.board.watch({ board: "a" }));
  // @ts-expect-error: an input of its query.
  useQuery(client.notes.board, { bord: "a" });
  return state.status === "data" ? state.data[0]?.title.trim() : same.problem?.code.trim();
}

export function channels() {
  const desk = client.notes.desk.join(
    { board: "a" },
    {
      state: { status: "here" },
      onMessage(message) {
        if (message.name === "moved") return message.payload.by.trim() + message.payload.x.toFixed();
        if (message.name === "closing") return message.payload.at.trim();
        // @ts-expect-error: the server itself sends messages, too.
        return message.from.member;
      },
    },
  );
  const lobby: Membership<{}, {}, { readonly rings: {} }> = client.notes.lobby.join();
  const sent: boolean[] = [desk.send("typing"), desk.send("moved", { x: 1 }), lobby.send("rings", {})];
  desk.set({ status: "away", mood: "fine" });
  const { status, key, members } = desk.state();
  type Cases = [
    Expect<Equal<typeof status, "joining" | "joined" | "problem">>,
    Expect<Equal<typeof key, string | undefined>>,
    Expect<Equal<Flat<(typeof members)[number]["member"]>, { readonly name: string; readonly since: string }>>,
    Expect<Equal<(typeof members)[number]["state"]["status"], "here" | "away">>,
  ];
  return [sent, null as unknown as Cases];
}

export function useDesk(board: string | null) {
  const input = board === null ? null : { board };
  const { status, me, members, send, set, problem } = useChannel(client.notes.desk, input, {
    state: { status: "here" },
    onMessage: ({ name, from }) => `${name} ${from?.member.name.trim()}`,
  });
  useChannel(client.notes.lobby, {});
  // @ts-expect-error: an input of its channel.
  useChannel(client.notes.desk, { bord: "a" }, { state: { status: "here" } });
  // @ts-expect-error: the state is missing.
  useChannel(client.notes.desk, input);
  // @ts-expect-error: a query is no channel.
  useChannel(client.notes.board, input);
  send("moved", { x: 1, by: "2" });
  set({ status: "away" });
  return [status, problem?.code, members.find(({ key }) => key === me)?.state.mood?.trim()];
}

export function mistakesInChannels() {
  const desk = client.notes.desk.join({ board: "a" }, { state: { status: "here" } });
  // @ts-expect-error: the state is missing.
  client.notes.desk.join({ board: "a" });
  // @ts-expect-error: the state is missing.
  client.notes.desk.join({ board: "a" }, {});
  // @ts-expect-error: no such state.
  client.notes.desk.join({ board: "a" }, { state: { status: "gone" } });
  // @ts-expect-error: a state where none is declared.
  client.notes.lobby.join({}, { state: { status: "here" } });
  // @ts-expect-error: the input is missing.
  client.notes.desk.join({}, { state: { status: "here" } });
  // @ts-expect-error: a key that the channel does not have.
  client.notes.desk.join({ board: "a", size: 1 }, { state: { status: "here" } });
  // @ts-expect-error: no such message.
  desk.send("shouting");
  // @ts-expect-error: the payload is missing.
  desk.send("moved");
  // @ts-expect-error: another payload.
  desk.send("moved", { x: "1" });
  // @ts-expect-error: a 64-bit number is text on the wire.
  desk.send("moved", { x: 1, by: 1n });
  // @ts-expect-error: a state is set whole.
  desk.set({ mood: "fine" });
  // @ts-expect-error: a channel is not asked.
  void client.notes.desk({ board: "a" });
  // @ts-expect-error: a query is not joined.
  client.notes.board.join({ board: "a" });
}

export function mistakes() {
  // @ts-expect-error: it takes a file.
  void client.notes.attach({ board: "a", name: "b" });
  // @ts-expect-error: it takes no file.
  void client.notes.add({ board: "a", title: "b" }, { file: new Blob([]) });
  // @ts-expect-error: a file is not watched.
  void client.notes.attached.watch({ key: "a", name: "b" });
  // @ts-expect-error: no such endpoint.
  void client.notes.bord({ board: "a" });
  // @ts-expect-error: no such service.
  void client.note.board({ board: "a" });
  // @ts-expect-error: an entity is no endpoint.
  void client.notes.Note;
  // @ts-expect-error: a service is no endpoint.
  void client.notes.notes;
  // @ts-expect-error: a key is missing.
  void client.notes.board({});
  // @ts-expect-error: the input is missing.
  void client.notes.board();
  // @ts-expect-error: a key that the endpoint does not have.
  void client.notes.board({ board: "a", sise: 1 });
  // @ts-expect-error: a key where none is taken.
  void client.notes.ping({ board: "a" });
  // @ts-expect-error: a number is no text.
  void client.notes.board({ board: 1 });
  // @ts-expect-error: a 64-bit number is text on the wire.
  void client.notes.add({ board: "a", title: "b", visits: 1n });
  // @ts-expect-error: only queries are subscribed to.
  client.notes.add.subscribe({ board: "a", title: "b" }, () => {});
  // @ts-expect-error: a query has no effect to expect.
  void client.notes.board({ board: "a" }, { optimistic: [] });
  // @ts-expect-error: a guess is an answer of its query.
  client.notes.board.guess({ board: "a" }, () => [{ title: 1 }]);
  // @ts-expect-error: answers are not changed in place.
  client.notes.board.guess({ board: "a" }, (answer) => answer.push(answer[0]));
}
