/** The pages behind mailed links, in a browser: by keyboard, under their own policy, reaching nothing else. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { type Browser, chromium, type Page } from "playwright-core";
import { TEST_SERVERS } from "../testkit/index.ts";
import { type Accounts, PASSWORD, startAccounts } from "./test/visitor.ts";

const CHROMIUM = "/usr/bin/chromium";
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-sync",
];
const absent = existsSync(CHROMIUM) ? false : `${CHROMIUM} is not installed: apt-get install -y chromium`;

describe("the pages of accounts in a browser", { skip: process.env["CI"] ? false : absent }, () => {
  let site: Accounts;
  let browser: Browser;

  before(async () => {
    site = await startAccounts(TEST_SERVERS[0]);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
  });
  after(async () => {
    await browser?.close();
    await site?.[Symbol.asyncDispose]();
  });

  /** Opens the link of a mail. `seen` is what the page asked for, `complaints` what the browser did not like. */
  async function open(text: string) {
    const page = await browser.newPage();
    const seen: string[] = [];
    const complaints: string[] = [];
    page.on("request", (request) => void seen.push(`${request.method()} ${request.url()}`));
    page.on("console", (message) => void (message.type() === "error" && complaints.push(message.text())));
    page.on("pageerror", (error) => void complaints.push(String(error)));
    await page.goto(/http\S+/.exec(text)![0]);
    return { page, seen, complaints };
  }

  const said = (page: Page, words: RegExp) => page.getByRole("status").filter({ hasText: words }).waitFor();

  test("an address is confirmed with one key, and the token is in no address that the server sees", async () => {
    const { bearer } = await site.join("key@example.com");
    const { text, token } = await site.mailTo("key@example.com", /Confirm/);
    const { page, seen, complaints } = await open(text);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await said(page, /is confirmed/);
    assert.equal(await page.getByText("Press the button").isVisible(), false);
    assert.equal(page.url().includes(token), false);
    assert.equal((await site.ask("/accounts/me", { headers: bearer })).body.emailVerified, true);
    const base = `${site.running.url}/accounts`;
    const asked = [`GET ${base}/pages.js`, `POST ${base}/verify-email`];
    assert.deepEqual(
      seen.slice(1).filter((each) => !each.endsWith("/favicon.ico")),
      asked,
    );
    assert.deepEqual(
      complaints.filter((each) => !/404/.test(each)),
      [],
    );
    await page.close();

    const again = await open(text);
    await again.page.getByRole("button", { name: "Confirm" }).click();
    await said(again.page, /was used, or is not valid/);
    assert.equal(await again.page.getByRole("button").isDisabled(), true);
    await again.page.close();
  });

  test("a password is set; one that is too short is told before it is sent", async () => {
    await site.join("form@example.com");
    await site.ask("/accounts/forgot-password", { body: { email: "form@example.com" } });
    const { text } = await site.mailTo("form@example.com", /new password/);
    const { page, seen } = await open(text);
    const field = page.getByLabel("New password");
    const posts = () => seen.filter((each) => each.startsWith("POST")).length;
    await field.fill("short");
    await field.press("Enter");
    assert.equal(posts(), 0);
    await field.fill(`${PASSWORD} 2`);
    await field.press("Enter");
    await said(page, /password is set/);
    assert.equal(posts(), 1);
    const body = { email: "form@example.com", password: `${PASSWORD} 2` };
    assert.equal((await site.ask("/accounts/sign-in", { body })).status, 200);
    await page.close();
  });

  test("a link that was cut off says so", async () => {
    const { page } = await open(`${site.running.url}/accounts/verify-email`);
    await said(page, /not whole/);
    assert.equal(await page.getByRole("button").isDisabled(), true);
    await page.close();
  });
});
