/** The page in a real browser: how tests open it, and find their way on it. */
import { existsSync } from "node:fs";
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from "playwright-core";

const CHROMIUM = "/usr/bin/chromium";
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

export function column(page: Page, name: string): Locator {
  return page.getByRole("region", { name, exact: true });
}

export function cardIn(page: Page, name: string, title: string): Locator {
  return column(page, name).getByRole("button", { name: title, exact: true });
}

export async function signUp(page: Page, name: string, email: string): Promise<void> {
  await page.getByRole("button", { name: "Create an account" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill(name);
  await page.getByRole("textbox", { name: "E-mail" }).fill(email);
  await page.getByRole("textbox", { name: "Password" }).fill("correct horse");
  await page.getByRole("button", { name: "Create account", exact: true }).click();
}

export async function addProject(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name: "New project" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill(name);
  await page.getByRole("button", { name: "Create project" }).click();
  await page.getByRole("heading", { name }).waitFor();
}

export async function addTask(page: Page, title: string): Promise<void> {
  await column(page, "To do").or(page.getByText("No task yet")).first().waitFor();
  await page.getByRole("button", { name: "New task", exact: true }).first().click();
  await page.getByRole("textbox", { name: "Title" }).fill(title);
  await page.getByRole("button", { name: "Create task" }).click();
  await cardIn(page, "To do", title).waitFor();
}
