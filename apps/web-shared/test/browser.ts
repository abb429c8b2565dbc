/** Pages in a real browser: how tests open them, and what they look for on each. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

const CHROMIUM = "/usr/bin/chromium";
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const FLAGS = [
  "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run",
  "--disable-background-networking --disable-component-update --disable-sync",
];
/** How long the page may take for anything. */
const ANSWER_MS_MAX = 10_000;

/** Somebody with a browser of his own, which keeps a list of errors and of other hosts. */
export interface Visitor {
  readonly page: Page;
  readonly problems: string[];
  readonly context: BrowserContext;
}

export function missingBrowser(): string | false {
  if (existsSync(CHROMIUM)) return false;
  const why = `${CHROMIUM} is not there: apt-get install chromium`;
  if (process.env["CI"]) throw new Error(why);
  return why;
}

export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS.join(" ").split(" ") });
}

/** @param url  Where the page is: requests to anywhere else are problems. */
export async function visit(
  browser: Browser,
  url: string,
  options: Parameters<Browser["newContext"]>[0] = {},
): Promise<Visitor> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(ANSWER_MS_MAX);
  const problems: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("request", (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith("data:")) problems.push(request.url());
  });
  return { page, problems, context };
}

export async function signUp(page: Page, name: string, email: string): Promise<void> {
  await page.getByRole("button", { name: "Create an account" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill(name);
  await page.getByRole("textbox", { name: "E-mail" }).fill(email);
  await page.getByRole("textbox", { name: "Password" }).fill("correct horse");
  await page.getByRole("button", { name: "Create account", exact: true }).click();
}

/** What keeps people out, as far as a machine can tell: serious and critical findings. */
export async function serious(page: Page): Promise<readonly string[]> {
  // An animation that is under way has the colours of neither end.
  await page.evaluate(() => Promise.all(document.getAnimations().map((each) => each.finished.catch(() => null))));
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(await readFile(AXE, "utf8"));
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run: () => Promise<{ violations: Violation[] }> } };
    type Violation = { impact: string; id: string; nodes: { html: string; failureSummary: string }[] };
    const { violations } = await axe.run();
    const bad = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    return bad.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`));
  });
}
