/** Signing up, in and out; who calls; sessions. On every server, over HTTP. */
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { after, before, describe, test } from "node:test";
import { missing, TEST_SERVERS } from "../testkit/index.ts";
import { type Accounts, code, type Json, PASSWORD, startAccounts } from "./test/visitor.ts";

const DAY_MS = 86_400_000;

for (const server of TEST_SERVERS) {
  describe(server.name, { skip: missing(server) }, () => {
    let site: Accounts;
    before(async () => {
      site = await startAccounts(server);
    });
    after(() => site[Symbol.asyncDispose]());

    test("sign-up gives account, token and a cookie that scripts cannot read", async () => {
      const body = { email: "Ann@Example.com", password: PASSWORD, name: "Ann" };
      const { status, body: answer, cookies } = await site.ask("/accounts/sign-up", { body });
      assert.equal(status, 201);
      assert.deepEqual(Object.keys(answer).sort(), ["account", "token"]);
      const { id, ...account } = answer.account;
      assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
      const now = new Date(site.clock.now).toISOString();
      const rest = { emailVerified: false, image: null, createdAt: now, updatedAt: now };
      assert.deepEqual(account, { email: "ann@example.com", name: "Ann", ...rest });
      assert.equal(cookies.length, 1);
      assert.match(
        cookies[0]!,
        /^lineshaft_session=\w{32}\.[\w-]{43}; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/,
      );
    });

    test("header, the other scheme and cookie all say who calls; the header wins", async () => {
      const bob = await site.join("bob@example.com");
      const eve = await site.join("eve@example.com");
      const me = async (headers: Record<string, string>) => (await site.ask("/accounts/me", { headers })).body;
      assert.equal((await me(bob.bearer)).email, "bob@example.com");
      assert.equal((await me({ authorization: `token ${bob.token}` })).email, "bob@example.com");
      assert.equal((await me(bob.cookie)).email, "bob@example.com");
      assert.equal((await me({ ...bob.bearer, ...eve.cookie })).email, "bob@example.com");
      assert.equal((await me({ authorization: "Bearer nonsense", ...eve.cookie })).code, "UNAUTHENTICATED");
      assert.equal((await me({ authorization: "Basic YTpi", ...eve.cookie })).email, "eve@example.com");
    });

    test("a cookie with another signature is refused, and so is a token in the wrong place", async () => {
      const { cookie, token } = await site.join("forged@example.com");
      const [name] = cookie.cookie.split("=", 1);
      const changed = `${cookie.cookie.slice(0, -2)}${cookie.cookie.at(-2) === "A" ? "B" : "A"}${cookie.cookie.at(-1)}`;
      for (const forged of [changed, `${name}=${token}`, `${name}=${token}.`, `__Host-${cookie.cookie}`, `${name}=`]) {
        assert.equal(
          code(await site.ask("/accounts/me", { headers: { cookie: forged } })),
          "401 UNAUTHENTICATED",
          forged,
        );
      }
    });

    test("over https the cookie is Secure and bound to the host", async () => {
      await using secure = await startAccounts(server, {}, { publicUrl: "https://shop.example" });
      const body = { email: "tls@example.com", password: PASSWORD };
      const { cookies } = await secure.ask("/accounts/sign-up", { body });
      assert.match(cookies[0]!, /^__Host-lineshaft_session=.*; Secure$/);
      const cookie = cookies[0]!.split(";")[0]!;
      assert.equal((await secure.ask("/accounts/me", { headers: { cookie } })).status, 200);
      const { text } = await secure.mailTo("tls@example.com", /Confirm/);
      assert.match(text, /\nhttps:\/\/shop\.example\/accounts\/verify-email#/);
    });

    test("a wrong password and an unknown address get the same answer, after one hash each", async () => {
      await site.join("known@example.com");
      const scrypts = await countScrypts(async (count) => {
        const counts: number[] = [];
        const answers = [];
        for (const email of ["known@example.com", "unknown@example.com", "not+for!the=engine@example.com"]) {
          const before = count();
          const body = { email, password: "another password" };
          answers.push(await site.ask("/accounts/sign-in", { body }));
          counts.push(count() - before);
        }
        const shown = answers.map(({ body: { requestId: _, ...rest } }) => rest);
        assert.deepEqual(shown[1], shown[0]);
        assert.deepEqual(shown[2], shown[0]);
        assert.equal(code(answers[0]!), "401 INVALID_CREDENTIALS");
        return counts;
      });
      assert.deepEqual(scrypts, [1, 1, 1]);
    });

    test("sign-in gives a session of its own; sign-out ends it from the next request on", async () => {
      const first = await site.join("two@example.com");
      const { body, cookies } = await site.ask("/accounts/sign-in", {
        body: { email: "TWO@example.com", password: PASSWORD },
      });
      const second = { authorization: `Bearer ${body.token}` };
      assert.notEqual(body.token, first.token);
      assert.equal(cookies.length, 1);
      const out = await site.ask("/accounts/sign-out", { method: "POST", headers: second });
      assert.equal(out.status, 204);
      assert.match(out.cookies[0]!, /^lineshaft_session=; Max-Age=0; /);
      const refused = await site.ask("/accounts/me", { headers: second });
      assert.equal(code(refused), "401 UNAUTHENTICATED");
      assert.equal(refused.body.credentials, "invalid");
      assert.equal((await site.ask("/accounts/me", { headers: first.bearer })).status, 200);
      assert.equal((await site.ask("/accounts/sign-out", { method: "POST", headers: second })).status, 204);
    });

    test("sessions are listed, ended one by one, and all others at once", async () => {
      const body = { email: "many@example.com", password: PASSWORD };
      const { bearer } = await site.join(body.email);
      const agents = ["Browser/1", "Browser/2", "Browser/3"];
      const tokens: string[] = [];
      for (const agent of agents) {
        site.clock.now += 1_000;
        tokens.push((await site.ask("/accounts/sign-in", { body, headers: { "user-agent": agent } })).body.token);
      }
      const list = async () => (await site.ask("/accounts/sessions", { headers: bearer })).body;
      const all = await list();
      assert.deepEqual(all.map((each: Json) => each.agent).slice(0, 3), agents.toReversed());
      assert.deepEqual(
        all.map((each: Json) => each.current),
        [false, false, false, true],
      );
      assert.deepEqual(Object.keys(all[0]).sort(), ["address", "agent", "createdAt", "current", "expiresAt", "id"]);
      assert.match(all[0].address, /127\.0\.0\.1/);
      assert.equal(Date.parse(all[0].expiresAt) - Date.parse(all[0].createdAt), 30 * DAY_MS);

      const end = (id: string, headers: Record<string, string>) =>
        site.ask(`/accounts/sessions/${id}`, { method: "DELETE", headers });
      const stranger = await site.join("stranger@example.com");
      assert.equal(code(await end(all[0].id, stranger.bearer)), "404 NOT_FOUND");
      assert.equal((await end(all[0].id, bearer)).status, 204);
      assert.equal((await site.ask("/accounts/me", { headers: { authorization: `Bearer ${tokens[2]}` } })).status, 401);
      assert.equal((await site.ask("/accounts/sessions", { method: "DELETE", headers: bearer })).status, 204);
      assert.deepEqual(
        (await list()).map((each: Json) => each.current),
        [true],
      );
      assert.equal((await site.ask("/accounts/me", { headers: stranger.bearer })).status, 200);
    });

    test("a session expires after its time, not before", async () => {
      const { bearer, cookie } = await site.join("old@example.com");
      site.clock.now += 30 * DAY_MS - 1;
      assert.equal((await site.ask("/accounts/me", { headers: bearer })).status, 200);
      site.clock.now += 1;
      assert.equal((await site.ask("/accounts/me", { headers: bearer })).status, 401);
      assert.equal((await site.ask("/accounts/me", { headers: cookie })).status, 401);
    });

    test("an account has at most a hundred sessions: the oldest ends", async () => {
      const body = { email: "hoarder@example.com", password: PASSWORD };
      const { bearer } = await site.join(body.email);
      const { id } = (await site.ask("/accounts/me", { headers: bearer })).body;
      await site.query(`insert into accounts.session (account, token, "createdAt", "expiresAt")
        select '${id}', 'made ' || n, "createdAt" + n * interval '1 second', "expiresAt"
          from accounts.session, generate_series(1, 99) n where account = '${id}'`);
      assert.equal((await site.ask("/accounts/me", { headers: bearer })).status, 200);
      site.clock.now += 100_000;
      assert.equal((await site.ask("/accounts/sign-in", { body })).status, 200);
      assert.equal((await site.ask("/accounts/me", { headers: bearer })).status, 401);
      const [{ count }] = await site.query(`select count(*)::int from accounts.session where account = '${id}'`);
      assert.equal(count, 100);
    });

    test("name and picture can be changed, and the picture taken away", async () => {
      const { bearer } = await site.join("pic@example.com");
      const patch = (body: object) => site.ask("/accounts/me", { method: "PATCH", body, headers: bearer });
      const image = "https://example.com/me.png";
      assert.deepEqual(
        [(await patch({ name: "Pic", image })).body].map(({ name, image }) => ({ name, image })),
        [{ name: "Pic", image }],
      );
      assert.equal((await patch({ image: null })).body.image, null);
      assert.equal((await patch({})).body.name, "Pic");
      assert.equal(code(await patch({ email: "x@example.com" })), "422 INVALID_INPUT");
    });

    test("a page of another origin cannot write with the cookie", async () => {
      const { cookie } = await site.join("csrf@example.com");
      const headers = { ...cookie, origin: "https://evil.example" };
      assert.equal(code(await site.ask("/accounts/sessions", { method: "DELETE", headers })), "403 ORIGIN_REFUSED");
      const own = { ...cookie, origin: site.running.url };
      assert.equal((await site.ask("/accounts/sessions", { method: "DELETE", headers: own })).status, 204);
    });

    test("what is sent is checked before anything is hashed", async () => {
      const up = (body: object) => site.ask("/accounts/sign-up", { body });
      const pointer = async (body: object) => (await up(body)).body.errors?.map((each: Json) => each.pointer).join();
      assert.equal(await pointer({ email: "a@example.com", password: "seven77" }), "/password");
      assert.equal(await pointer({ email: "a@example.com", password: "x".repeat(129) }), "/password");
      assert.equal(await pointer({ email: "nobody", password: PASSWORD }), "/email");
      assert.equal(await pointer({ email: "not+for!the=engine@example.com", password: PASSWORD }), "/email");
      // Code points count, not UTF-16 units: this is as long as a password can be.
      assert.equal((await up({ email: "long@example.com", password: "🔑".repeat(128) })).status, 201);
      const body = { email: "long@example.com", password: "🔑".repeat(128) };
      assert.equal((await site.ask("/accounts/sign-in", { body })).status, 200);
    });
  });
}

/** Counts the scrypt hashes that anything in this process makes. */
async function countScrypts<T>(run: (count: () => number) => Promise<T>): Promise<T> {
  const original = crypto.scrypt;
  let count = 0;
  crypto.scrypt = ((...parameters: Parameters<typeof original>) => {
    count++;
    return original(...parameters);
  }) as typeof original;
  syncBuiltinESMExports();
  try {
    return await run(() => count);
  } finally {
    crypto.scrypt = original;
    syncBuiltinESMExports();
  }
}
