/** Subscriptions of a real app. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createClient } from "@lineshaft/client";
import * as accounts from "lineshaft/accounts";
import { poll, startTestApp, type TestApp } from "lineshaft/testkit";
import * as notes from "./notes.ts";

type Services = { notes: typeof notes; accounts: typeof accounts };

describe("live queries of an app", () => {
  let app: TestApp;
  before(async () => {
    app = await startTestApp({ services: { accounts, notes } }, { settings: { relay: "auto" } });
  });
  after(() => app.stop());

  test("tell the answer, and what commands make of it, large answers by patches", async () => {
    const client = createClient<Services>({ url: app.url });
    const told: string[] = [];
    const stop = client.notes.board.subscribe({ board: "live" }, (answer) => {
      told.push(answer.map(({ title }) => title).join(" "));
    });
    await poll(() => told.length === 1);
    const ids: string[] = [];
    for (const title of ["one", "two", "three"]) {
      ids.push((await client.notes.add({ board: "live", title })).id);
      await poll(() => told.at(-1)?.endsWith(title));
    }
    await client.notes.remove({ id: ids[1]! });
    await poll(() => told.at(-1) === "one three");
    assert.deepEqual(told, ["", "one", "one two", "one two three", "one three"]);
    stop();
    client.$close();
  });

  test("show a guess until the truth is there, and nothing else between", async () => {
    const client = createClient<Services>({ url: app.url });
    const told: string[] = [];
    client.notes.board.subscribe({ board: "guess" }, (answer) => void told.push(answer.map(({ id }) => id).join()));
    await poll(() => told.length === 1);
    const shown = { id: "guess", board: "guess", title: "x", visits: "0", at: "" };
    const guess = client.notes.board.guess({ board: "guess" }, (answer) => {
      return answer.some(({ title }) => title === "x") ? answer : [...answer, shown];
    });
    const { id } = await client.notes.add({ board: "guess", title: "x" }, { optimistic: [guess] });
    await poll(() => told.at(-1) === id);
    assert.deepEqual(told, ["", "guess", id]);
    client.$close();
  });

  test("are asked as who the token says", async () => {
    let token: string | null = null;
    const client = createClient<Services>({ url: app.url, token: () => token });
    const told: string[] = [];
    const onProblem = ({ code }: { code: string }) => void told.push(code);
    client.notes.own.subscribe({}, ({ email }) => void told.push(email), { onProblem });
    await poll(() => told.at(-1) === "UNAUTHENTICATED");
    for (const email of ["ada@live.example", "grace@live.example"]) {
      token = null;
      const signedUp = await client.accounts.signUp({ email, password: "correct horse battery" });
      token = (signedUp as { token: string }).token;
      await client.notes.own();
      await poll(() => told.at(-1) === email);
    }
    client.$close();
  });
});
