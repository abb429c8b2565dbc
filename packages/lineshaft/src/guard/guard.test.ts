/** Who may call: closed unless opened, and never more often than allowed. Over HTTP, on a real Postgres. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as accounts from "../accounts/index.ts";
import { field } from "../define/field.ts";
import { service } from "../define/service.ts";
import { poll, startTestApp, type TestApp } from "../testkit/index.ts";

const shut = service("shut");
const open = service("open", { actor: "anyone" });
const text = { output: field.text(), run: async () => "in" };
const silent = shut.query("GET /silent", text);
const write = shut.command("POST /write", text);
const opened = shut.query("GET /opened", { ...text, actor: "anyone" });
const free = open.query("GET /free", text);
const closed = open.query("GET /closed", { ...text, actor: "account" });
const rare = open.query("GET /rare", { ...text, limit: { per: "address", rate: "2/hour" } });
const own = shut.query("GET /own", { ...text, limit: { per: "actor", rate: "1/hour" } });

describe("the guard", () => {
  let app: TestApp;
  const statusOf = async (path: string, init?: RequestInit) => (await app.fetch(path, init)).status;
  before(async () => {
    app = await startTestApp({
      services: { accounts, shut: { silent, write, opened, own }, open: { free, closed, rare } },
    });
  });
  after(() => app.stop());

  test("lets nobody in where no declaration opens [ACT-1]", async () => {
    for (const [path, method] of [
      ["/silent", "GET"],
      ["/write", "POST"],
      ["/closed", "GET"],
    ] as const) {
      const answer = await app.fetch(path, { method });
      assert.equal(answer.status, 401, path);
      assert.equal(answer.headers.get("www-authenticate"), "Bearer");
      assert.equal(((await answer.json()) as { code: string }).code, "UNAUTHENTICATED");
    }
    assert.equal(await statusOf("/opened"), 200);
    assert.equal(await statusOf("/free"), 200);
  });

  test("takes no credentials that it does not know [ACT-1]", async () => {
    for (const authorization of ["Bearer x", "Bearer ", "Token x", "Basic YTpi", "nonsense"]) {
      assert.equal(await statusOf("/silent", { headers: { authorization } }), 401, authorization);
    }
    assert.equal(await statusOf("/silent", { headers: { cookie: "lineshaft_session=forged.forged" } }), 401);
  });

  test("lets an account in", async () => {
    const ada = app.as(await app.account());
    assert.equal((await ada.fetch("/silent")).status, 200);
    assert.equal((await ada.fetch("/write", { method: "POST" })).status, 200);
  });

  test("refuses what is over a limit, says when to come back, and counts actors apart [LIM-1]", async () => {
    assert.deepEqual([await statusOf("/rare"), await statusOf("/rare")], [200, 200]);
    const answer = await app.fetch("/rare");
    assert.equal(answer.status, 429);
    assert.match(answer.headers.get("retry-after") ?? "", /^\d+$/);
    app.clock.advance("1h");
    assert.equal(await statusOf("/rare"), 200);
    const [ada, bob] = [app.as(await app.account()), app.as(await app.account())];
    assert.deepEqual([(await ada.fetch("/own")).status, (await ada.fetch("/own")).status], [200, 429]);
    assert.equal((await bob.fetch("/own")).status, 200);
  });
});

test("a cookie that was known over http is not taken over https, where another name binds it to its host", async () => {
  const options = { services: { accounts, shut: { silent } } };
  await using app = await startTestApp(options, { settings: { relay: "auto", trustProxy: true } });
  await app.fetch("/silent", { headers: { authorization: "Bearer x" } });
  await poll(() => app.cache!.isOn, { timeoutMs: 20_000, what: "the cache" });
  const joined = await app.fetch("/accounts/sign-up", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email: "ada@example.com", password: "correct horse battery" }),
  });
  const cookie = joined.headers.getSetCookie()[0]!.split(";")[0]!;
  const statusOver = async (scheme: string) =>
    (await app.fetch("/silent", { headers: { cookie, "x-forwarded-proto": scheme } })).status;
  assert.deepEqual([await statusOver("https"), await statusOver("http")], [401, 200]);
  const isKept = () => [...app.cache!.entries()].some(([key]) => key.includes(cookie));
  await poll(async () => (await statusOver("http")) === 200 && isKept());
  assert.deepEqual([await statusOver("https"), await statusOver("http")], [401, 200]);
});
