/** A server takes over that lacks the last commits: what they stated is gone, and what has its places is handled. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { poll } from "../testkit/index.ts";
import { ledger, modulesOf, numbersOf, Stand, upTo, WAIT_MS } from "./test/stand.ts";

const WAIT = { timeoutMs: WAIT_MS };
const KEPT = 5;

/** Takes away what was committed behind a position, as a promoted standby may that was not up to date. */
async function rewind(stand: Stand): Promise<void> {
  await stand.ask(`do $$ begin
    delete from notes.effect where n >= ${KEPT};
    delete from lineshaft.event e using lineshaft.log l where l.event = e.id and l.position > ${KEPT};
    delete from lineshaft.log where position > ${KEPT};
    update lineshaft.cursor set position = least(position, ${KEPT});
    update lineshaft.head set position = ${KEPT};
    create or replace function lineshaft.term() returns text language sql as $term$ select 'the next' $term$;
  end $$`);
  await stand.ask(`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`);
}

for (const relay of ["off", "auto"] as const) {
  test(`with the relay ${relay}, what is gone is not handled, and what has its places now is [EVT-1]`, async () => {
    await using stand = await Stand.open();
    const of = ledger();
    of.notes.on(of.noted, "count", (context) => of.record(context, "count"));
    await using app = await stand.node(modulesOf(of), { settings: { relay } });
    for (const n of upTo(2 * KEPT)) await app.call(of.note, { keys: ["a"], from: n });
    // By themselves: a node that is made to look for them may hear of them only afterwards.
    await stand.untilEffects(2 * KEPT);
    await rewind(stand);
    const later = upTo(KEPT - 2).map((n) => 100 + n);
    const note = (from: number) =>
      app.call(of.note, { keys: ["a"], from }).then(
        () => true,
        () => false,
      );
    for (const n of later) await poll(() => note(n), WAIT);
    await app.untilHandled(WAIT);
    assert.deepEqual(numbersOf(await stand.effects(), "a"), [...upTo(KEPT), ...later]);
  });

  test(`with the relay ${relay}, lanes with nothing to do hear what has the places now [EVT-1]`, async () => {
    await using stand = await Stand.open();
    const of = ledger();
    of.notes.on(of.noted, "count", (context) => of.record(context, "count"));
    const noise = of.notes.event("noise", {});
    const bell = of.notes.event("bell", {});
    const effect = { handler: "ring", key: "", n: 2 * KEPT, attempt: 1, node: "" };
    of.notes.on(bell, "ring", async ({ db }) => void (await db.insertInto("effect").values(effect).execute()));
    const rustle = of.notes.command("POST /noise", { run: async ({ emit }) => emit(noise, {}) });
    const ring = of.notes.command("POST /bell", { run: async ({ emit }) => emit(bell, {}) });
    await using app = await stand.node(modulesOf(of, { noise, bell, rustle, ring }), { settings: { relay } });
    for (const n of upTo(KEPT)) await app.call(of.note, { keys: ["a"], from: n });
    for (const _ of upTo(KEPT)) await app.call(rustle, {});
    await app.call(ring, {});
    await stand.untilEffects(KEPT + 1);
    await rewind(stand);
    const note = () =>
      app.call(of.note, { keys: ["a"], from: 100 }).then(
        () => true,
        () => false,
      );
    await poll(note, WAIT);
    await poll(async () => numbersOf(await stand.effects(), "a").includes(100), WAIT);
  });
}
