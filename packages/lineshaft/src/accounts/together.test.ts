/** Accounts together with the rest: other services' transactions, races, limits, and what must never be seen. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { entity } from "../define/entity.ts";
import { field } from "../define/field.ts";
import { service } from "../define/service.ts";
import { missing, TEST_SERVERS } from "../testkit/index.ts";
import * as accounts from "./index.ts";
import { type Accounts, code, PASSWORD, startAccounts } from "./test/visitor.ts";

class Member extends entity("member", {
  id: field.id(),
  account: field.ref(() => accounts.Account),
  nick: field.text({ max: 20 }).unique(),
}) {}

const club = service("club", { entities: { Member }, actor: "anyone" });

const join = club.command("POST /club/members", {
  input: { email: field.email(), password: field.text().hidden(), nick: field.text() },
  output: { token: field.text(), nick: field.text() },
  errors: { NOT_TODAY: { status: 409, title: "The club is closed" } },
  async run({ call, db, fail, input: { email, password, nick } }) {
    const { account, token } = await call(accounts.signUp, { email, password });
    await db.insertInto("member").values({ account: account.id, nick }).execute();
    if (nick === "late") throw fail("NOT_TODAY");
    return { token, nick };
  },
});

const login = club.command("POST /club/login", {
  input: { email: field.email(), password: field.text().hidden() },
  output: { token: field.text(), nick: field.text() },
  async run({ call, db, input }) {
    const { account, token } = await call(accounts.signIn, input);
    const member = db.selectFrom("member").select("nick").where("account", "=", account.id);
    return { token, ...(await member.executeTakeFirstOrThrow()) };
  },
});

const move = club.command("PUT /club/me", {
  actor: "account",
  input: { email: field.email().optional(), password: field.text().optional().hidden() },
  run: async ({ call, input }) => {
    await call(accounts.internal.setCredentials, input);
  },
});

/** What better-auth would read if it looked. */
const HOSTILE: Readonly<Record<string, string>> = {
  BETTER_AUTH_SECRETS: "no version: no secret",
  BETTER_AUTH_SECRET: "short",
  BETTER_AUTH_URL: "https://elsewhere.example",
  BETTER_AUTH_TELEMETRY: "0",
};

const MODULES = { club: { club, join, login, move } };

for (const server of TEST_SERVERS) {
  describe(server.name, { skip: missing(server) }, () => {
    let site: Accounts;
    before(async () => {
      Object.assign(process.env, HOSTILE);
      site = await startAccounts(server, MODULES);
    });
    after(() => site[Symbol.asyncDispose]());

    const accountsOf = async (email: string): Promise<number> =>
      (await site.query(`select count(*)::int from accounts.account where email = '${email}'`))[0].count;
    const enter = (email: string, nick: string, password = PASSWORD) =>
      site.ask("/club/members", { body: { email, password, nick } });

    test("another service signs up and in inside its own transaction", async () => {
      const joined = await enter("club@example.com", "ann");
      assert.equal(joined.status, 200, JSON.stringify(joined.body));
      assert.equal(joined.cookies.length, 0, "a nested call gives its value, not its cookies");
      const { status, body } = await site.ask("/club/login", {
        body: { email: "club@example.com", password: PASSWORD },
      });
      assert.deepEqual([status, body.nick], [200, "ann"]);
      const headers = { authorization: `Bearer ${body.token}` };
      assert.equal((await site.ask("/accounts/me", { headers })).body.email, "club@example.com");
      await site.mailTo("club@example.com", /Confirm/);
    });

    test("when that service fails, there is no account, no session, no mail", async () => {
      assert.equal(code(await enter("late@example.com", "late")), "409 NOT_TODAY");
      assert.equal(code(await enter("twice@example.com", "ann")), "409 ALREADY_EXISTS");
      assert.equal(await accountsOf("late@example.com"), 0);
      assert.equal(await accountsOf("twice@example.com"), 0);
      await enter("after@example.com", "after");
      await site.mailTo("after@example.com", /Confirm/);
      const receivers = site.running.mails!.mails.map((mail) => mail.to);
      assert.equal(receivers.includes("late@example.com") || receivers.includes("twice@example.com"), false);
    });

    test("failures inside a nested call are those of the account's endpoint", async () => {
      assert.equal(code(await enter("club@example.com", "bob")), "409 ALREADY_EXISTS");
      assert.equal(code(await enter("short@example.com", "bob", "short")), "422 INVALID_INPUT");
      const wrong = { email: "club@example.com", password: "not this one" };
      assert.equal(code(await site.ask("/club/login", { body: wrong })), "401 INVALID_CREDENTIALS");
    });

    test("another service may set address and password; it has no route", async () => {
      const { bearer } = await site.join("set@example.com");
      const other = await site.ask("/accounts/sign-in", { body: { email: "set@example.com", password: PASSWORD } });
      const body = { email: "Set2@example.com", password: "a password from there" };
      assert.equal((await site.ask("/club/me", { method: "PUT", body, headers: bearer })).status, 204);
      const me = await site.ask("/accounts/me", { headers: bearer });
      assert.deepEqual([me.body.email, me.body.emailVerified], ["set2@example.com", false]);
      const elsewhere = { authorization: `Bearer ${other.body.token}` };
      assert.equal((await site.ask("/accounts/me", { headers: elsewhere })).status, 401);
      const signIn = { email: "set2@example.com", password: body.password };
      assert.equal((await site.ask("/accounts/sign-in", { body: signIn })).status, 200);
      await site.mailTo("set@example.com", /address was changed/);
      await site.mailTo("set2@example.com", /Confirm/);
      assert.equal(code(await site.ask("/accounts/set-credentials", { body, headers: bearer })), "404 ROUTE_NOT_FOUND");
    });

    test("of sign-ups with one address at once, one succeeds", async () => {
      for (let round = 0; round < 3; round++) {
        const body = { email: `race${round}@example.com`, password: PASSWORD };
        const answers = await Promise.all([1, 2, 3, 4].map(() => site.ask("/accounts/sign-up", { body })));
        assert.deepEqual(answers.map(code).sort(), [
          "201",
          "409 ALREADY_EXISTS",
          "409 ALREADY_EXISTS",
          "409 ALREADY_EXISTS",
        ]);
        for (const { status, body } of answers) if (status === 409) assert.equal(body.errors[0].pointer, "/email");
        assert.equal(await accountsOf(body.email), 1);
      }
    });

    test("of two uses of one link at once, one succeeds", async () => {
      await site.join("once@example.com");
      const { token } = await site.mailTo("once@example.com", /Confirm/);
      const use = () => site.ask("/accounts/verify-email", { body: { token } });
      const codes = (await Promise.all([use(), use(), use()])).map(code).sort();
      assert.deepEqual(codes, ["204", "410 LINK_INVALID", "410 LINK_INVALID"]);
    });

    test("sign-ins from one address are limited", async () => {
      site.clock.now += 600_000;
      const body = { email: "limit@example.com", password: "x" };
      const answers = await Promise.all(Array.from({ length: 61 }, () => site.ask("/accounts/sign-in", { body })));
      const refused = answers.filter(({ status }) => status === 429);
      assert.equal(refused.length, 1);
      assert.equal(refused[0]!.headers.get("retry-after"), "1");
      site.clock.now += 600_000;
    });

    test("no password, no token and no hash is in a log, in an error or, as it is, in the database", async () => {
      const password = "the only secret of Zoe";
      const zoe = await site.join("zoe@example.com", password);
      const confirm = await site.mailTo("zoe@example.com", /Confirm/);
      await site.ask("/accounts/forgot-password", { body: { email: "zoe@example.com" } });
      const reset = await site.mailTo("zoe@example.com", /new password/);
      const change = { currentPassword: "a wrong secret of Zoe", newPassword: password };
      const answers = [
        await site.ask("/accounts/sign-up", { body: { email: "zoe@example.com", password } }),
        await site.ask("/accounts/sign-in", { body: { email: "zoe@example.com", password: change.currentPassword } }),
        await site.ask("/accounts/change-password", { body: change, headers: zoe.bearer }),
        await site.ask("/accounts/reset-password", { body: { token: reset.token, newPassword: "short" } }),
        await site.ask("/accounts/me", { headers: zoe.cookie }),
        await site.ask("/accounts/sessions", { headers: zoe.cookie }),
      ];
      await site.query("alter table accounts.credential rename to away");
      const broken = await site.ask("/accounts/sign-in", { body: { email: "zoe@example.com", password } });
      await site.query("alter table accounts.away rename to credential");
      assert.equal(code(broken), "500 INTERNAL");
      const stored = JSON.stringify(
        await site.query(`select to_jsonb(s) as row from accounts.session s union all
          select to_jsonb(v) from accounts.verification v union all select to_jsonb(c) from accounts.credential c`),
      );
      const [{ password: hash }] = await site.query(
        `select password from accounts.credential join accounts.account a on a.id = account
          where email = 'zoe@example.com'`,
      );
      assert.match(hash, /^[0-9a-f]{32}:[0-9a-f]{128}$/);
      const shown = JSON.stringify([...answers, broken].map(({ body }) => body));
      const secrets = [password, change.currentPassword, zoe.token, zoe.cookie.cookie, confirm.token, reset.token];
      for (const secret of secrets) {
        for (const [where, text] of Object.entries({ logs: site.logged.join(""), shown, stored })) {
          assert.equal(text.includes(secret), false, `${secret} is in the ${where}`);
        }
      }
      assert.equal(site.logged.join("").includes(hash) || shown.includes(hash), false);
    });

    test("the engine takes nothing from the environment, and complains of nothing", async () => {
      // It would throw at the first of these, and warn of the second.
      assert.deepEqual(
        Object.keys(HOSTILE).filter((name) => process.env[name] !== HOSTILE[name]),
        [],
      );
      assert.equal((await enter("hostile@example.com", "hostile")).status, 200);
      const engine = site.logged.map((line) => JSON.parse(line)).filter((line) => line.engine !== undefined);
      assert.deepEqual(
        engine.filter(({ level, msg }) => level !== 20 || /secret|url|entropy|adapter/i.test(msg)),
        [],
      );
      assert.ok(engine.length > 0);
    });
  });
}
