/** What is mailed: links that confirm an address or lead to a new password, and the pages behind them. */
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { missing, TEST_SERVERS } from "../testkit/index.ts";
import { type Accounts, code, PASSWORD, startAccounts } from "./test/visitor.ts";

const HOUR_MS = 3_600_000;
const OTHER = "another good password";

for (const server of TEST_SERVERS) {
  describe(server.name, { skip: missing(server) }, () => {
    let site: Accounts;
    before(async () => {
      site = await startAccounts(server);
    });
    after(() => site[Symbol.asyncDispose]());

    const post = (path: string, body: object, headers: Record<string, string> = {}) =>
      site.ask(`/accounts/${path}`, { method: "POST", body, headers });
    const me = async (headers: Record<string, string>) => (await site.ask("/accounts/me", { headers })).body;
    const canSignIn = async (email: string, password: string) =>
      (await post("sign-in", { email, password })).status === 200;

    /** How many mails somebody has got. What was written before is sent by then: a later mail has arrived. */
    const mailsTo = async (email: string) => {
      const sentinel = `${crypto.randomUUID()}@example.com`;
      await site.join(sentinel);
      await site.mailTo(sentinel, /Confirm/);
      return site.running.mails!.mails.filter((mail) => mail.to === email).length;
    };

    test("a link confirms the address, once", async () => {
      const { bearer } = await site.join("v@example.com");
      assert.equal((await me(bearer)).emailVerified, false);
      const { token } = await site.mailTo("v@example.com", /Confirm/);
      assert.equal((await post("verify-email", { token })).status, 204);
      assert.equal((await me(bearer)).emailVerified, true);
      assert.equal(code(await post("verify-email", { token })), "410 LINK_INVALID");
      assert.equal(code(await post("verify-email", { token: "made-up" })), "410 LINK_INVALID");
      assert.equal((await post("send-verification", {}, bearer)).status, 202);
      assert.equal(await mailsTo("v@example.com"), 1);
    });

    test("a link that confirms works for a day", async () => {
      await site.join("late@example.com");
      const { token } = await site.mailTo("late@example.com", /Confirm/);
      site.clock.now += 24 * HOUR_MS;
      assert.equal(code(await post("verify-email", { token })), "410 LINK_INVALID");
    });

    test("the link can be mailed again, but nobody is flooded", async () => {
      const { bearer } = await site.join("again@example.com");
      for (let index = 0; index < 7; index++) assert.equal((await post("send-verification", {}, bearer)).status, 202);
      assert.equal(await mailsTo("again@example.com"), 5);
    });

    test("a changed address counts when its link was followed, and the old one is told", async () => {
      const { bearer } = await site.join("from@example.com");
      assert.equal((await post("change-email", { email: "To@example.com", password: PASSWORD }, bearer)).status, 202);
      assert.equal((await me(bearer)).email, "from@example.com");
      const before = await site.mailTo("from@example.com", /Confirm/);
      const { token } = await site.mailTo("to@example.com", /Confirm/);
      assert.equal((await post("verify-email", { token })).status, 204);
      const { email, emailVerified } = await me(bearer);
      assert.deepEqual({ email, emailVerified }, { email: "to@example.com", emailVerified: true });
      await site.mailTo("from@example.com", /was changed/);
      // What was mailed to the old address opens nothing any more.
      assert.equal(code(await post("verify-email", { token: before.token })), "410 LINK_INVALID");
      assert.equal(await canSignIn("to@example.com", PASSWORD), true);
      assert.equal(await canSignIn("from@example.com", PASSWORD), false);
    });

    test("changing the address needs the password, or a fresh sign-in", async () => {
      const { bearer } = await site.join("fresh@example.com");
      const change = (body: object) => post("change-email", body, bearer);
      assert.equal(code(await change({ email: "f2@example.com", password: "not this one" })), "403 WRONG_PASSWORD");
      assert.equal(code(await change({ email: "f2@example.com" })), "202");
      site.clock.now += HOUR_MS;
      assert.equal(code(await change({ email: "f3@example.com" })), "403 PASSWORD_NEEDED");
      assert.equal(code(await change({ email: "f3@example.com", password: PASSWORD })), "202");
      await site.join("has@example.com");
      const taken = await change({ email: "has@example.com", password: PASSWORD });
      assert.equal(code(taken), "409 ALREADY_EXISTS");
      assert.equal(taken.body.errors[0].pointer, "/email");
    });

    test("an address that somebody took in the meantime stays theirs", async () => {
      const { bearer } = await site.join("slow@example.com");
      await post("change-email", { email: "wanted@example.com" }, bearer);
      const { token } = await site.mailTo("wanted@example.com", /Confirm/);
      await site.join("wanted@example.com");
      assert.equal(code(await post("verify-email", { token })), "409 ALREADY_EXISTS");
      assert.equal((await me(bearer)).email, "slow@example.com");
    });

    test("a changed password ends other sessions when asked to", async () => {
      const { bearer } = await site.join("pw@example.com");
      const second = await post("sign-in", { email: "pw@example.com", password: PASSWORD });
      const other = { authorization: `Bearer ${second.body.token}` };
      const change = (body: object) => post("change-password", body, bearer);
      assert.equal(code(await change({ currentPassword: OTHER, newPassword: OTHER })), "403 WRONG_PASSWORD");
      assert.equal((await change({ currentPassword: PASSWORD, newPassword: OTHER })).status, 204);
      assert.equal((await site.ask("/accounts/me", { headers: other })).status, 200);
      assert.equal(await canSignIn("pw@example.com", PASSWORD), false);
      const back = { currentPassword: OTHER, newPassword: PASSWORD, signOutOthers: true };
      assert.equal((await change(back)).status, 204);
      assert.equal((await site.ask("/accounts/me", { headers: other })).status, 401);
      assert.equal((await site.ask("/accounts/me", { headers: bearer })).status, 200);
      assert.equal(await canSignIn("pw@example.com", PASSWORD), true);
      await site.mailTo("pw@example.com", /password was changed/);
    });

    test("a forgotten password is set by link: once, ending every session, confirming the address", async () => {
      const { bearer } = await site.join("lost@example.com");
      assert.equal((await post("forgot-password", { email: "LOST@example.com" })).status, 202);
      const { token } = await site.mailTo("lost@example.com", /new password/);
      assert.equal(code(await post("reset-password", { token, newPassword: "short" })), "422 INVALID_INPUT");
      assert.equal((await post("reset-password", { token, newPassword: OTHER })).status, 204);
      assert.equal((await site.ask("/accounts/me", { headers: bearer })).status, 401);
      assert.equal(code(await post("reset-password", { token, newPassword: PASSWORD })), "410 LINK_INVALID");
      assert.equal(await canSignIn("lost@example.com", PASSWORD), false);
      const signedIn = await post("sign-in", { email: "lost@example.com", password: OTHER });
      assert.equal(signedIn.body.account.emailVerified, true);
      await site.mailTo("lost@example.com", /password was changed/);
    });

    test("a link to a new password works for an hour, and not for anything else", async () => {
      await site.join("hour@example.com");
      await post("forgot-password", { email: "hour@example.com" });
      const { token } = await site.mailTo("hour@example.com", /new password/);
      assert.equal(code(await post("verify-email", { token })), "410 LINK_INVALID");
      site.clock.now += HOUR_MS;
      assert.equal(code(await post("reset-password", { token, newPassword: OTHER })), "410 LINK_INVALID");
      assert.equal(await canSignIn("hour@example.com", PASSWORD), true);
    });

    test("asking for a link says nothing of who has an account, and asks the database the same", async () => {
      await site.join("there@example.com");
      const statements = async () => (await site.running.metrics.statements.get()).values[0]!.value;
      const asked = async (email: string) => {
        const before = await statements();
        const { status, body, cookies } = await post("forgot-password", { email });
        return { status, body, cookies, statements: (await statements()) - before };
      };
      const known = await asked("there@example.com");
      assert.equal(known.status, 202);
      assert.deepEqual(await asked("nowhere@example.com"), known);
      await site.mailTo("there@example.com", /new password/);
      assert.equal(await mailsTo("nowhere@example.com"), 0);
    });

    test("the link that leads nowhere opens nothing", async () => {
      await post("forgot-password", { email: "decoy@example.com" });
      const identifier = hash("sha256", "reset-password:guess", "base64url");
      await site.query(`update accounts.verification set identifier = '${identifier}'
        where account is null`);
      assert.equal(code(await post("reset-password", { token: "guess", newPassword: OTHER })), "410 LINK_INVALID");
    });

    test("the pages change nothing by being opened, and allow only what is ours", async () => {
      const { bearer } = await site.join("page@example.com");
      const { text } = await site.mailTo("page@example.com", /Confirm/);
      const [url] = /http\S+/.exec(text)!;
      assert.ok(url.startsWith(`${site.running.url}/accounts/verify-email#`));
      for (const path of [new URL(url).pathname, "/accounts/reset-password"]) {
        const { status, body, headers } = await site.ask(path);
        assert.equal(status, 200);
        assert.equal(headers.get("content-type"), "text/html; charset=utf-8");
        const style = /<style>(.*?)<\/style>/s.exec(body)![1]!;
        const policy = headers.get("content-security-policy")!;
        assert.ok(policy.includes(`style-src 'sha256-${hash("sha256", style, "base64")}'`));
        assert.match(policy, /default-src 'none'; script-src 'self'/);
        assert.equal(headers.get("referrer-policy"), "no-referrer");
        assert.doesNotMatch(body, /<script>|onclick|onsubmit/);
      }
      assert.equal((await me(bearer)).emailVerified, false);
      const script = await site.ask("/accounts/pages.js");
      assert.match(script.headers.get("content-type")!, /^text\/javascript/);
      assert.doesNotThrow(() => new Function(script.body));
    });
  });
}
