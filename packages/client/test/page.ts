/** The page of the browser's tests: a board that React shows live, with an optimistic button. */
import { createClient } from "@lineshaft/client";
import { useChannel, useQuery } from "@lineshaft/client/react";
import { createElement, StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import type * as notes from "./notes.ts";

const client = createClient<{ notes: typeof notes }>();

/** What the tests ask the page for. */
Object.assign(globalThis, { client });

const add = (title: string) => {
  const shown = { id: "guess", board: "a", title: `${title}?`, visits: "0", at: "" };
  const guess = client.notes.board.guess({ board: "a" }, (notes) => [...notes, shown]);
  client.notes.add({ board: "a", title }, { optimistic: [guess] }).catch(() => {});
};

function Board({ board }: { readonly board: string | null }) {
  const { status, data, problem } = useQuery(client.notes.board, board === null ? null : { board });
  const text = status === "data" ? data.map(({ title }) => title).join(" ") : (problem?.code ?? "…");
  return createElement("p", null, `${board}: ${text}`);
}

function Desk({ board, isAway }: { readonly board: string; readonly isAway: boolean }) {
  const [heard, setHeard] = useState("");
  const { members, me, send, problem } = useChannel(client.notes.desk, board === "" ? null : { board }, {
    state: { status: isAway ? "away" : "here" },
    onMessage: ({ name }) => setHeard((before) => `${before} ${name} at ${board}`),
  });
  const there = members.map(({ key, state: { status } }) => (key === me ? `(${status})` : status));
  const type = createElement("button", { type: "button", onClick: () => send("typing") }, "type");
  return createElement("div", null, type, createElement("i", null, `${there}${problem?.code ?? ""}${heard}`));
}

function Page() {
  const [boards, setBoards] = useState<readonly (string | null)[]>(["a", "a"]);
  const [desk, setDesk] = useState<string | null>(null);
  const [isAway, setAway] = useState(false);
  const button = (name: string, onClick: () => void) => createElement("button", { type: "button", onClick }, name);
  return [
    ...boards.map((board, index) => createElement(Board, { key: index, board })),
    button("add", () => add("two")),
    button("other", () => setBoards(["b"])),
    button("bad", () => setBoards(["x".repeat(100)])),
    button("none", () => setBoards([null])),
    button("sit", () => setDesk("a")),
    button("move", () => setDesk("b")),
    button("wait", () => setDesk("")),
    button("away", () => setAway(true)),
    button("rise", () => setDesk(null)),
    desk === null ? null : createElement(Desk, { key: "desk", board: desk, isAway }),
  ];
}

const root = (globalThis as unknown as { document: { body: Parameters<typeof createRoot>[0] } }).document.body;
createRoot(root).render(createElement(StrictMode, null, createElement(Page)));
