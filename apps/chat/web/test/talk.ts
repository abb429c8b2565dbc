/** How tests find their way on the page. */
import { poll } from "lineshaft/testkit";
import type { Locator, Page } from "playwright-core";

export async function newRoom(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name: "New room" }).first().click();
  await page.getByRole("textbox", { name: "Name" }).fill(name);
  await page.getByRole("button", { name: "Create room" }).click();
  await page.getByRole("heading", { name, exact: true }).waitFor();
}

export async function joinRoom(page: Page, name: string): Promise<void> {
  await page.getByRole("link", { name: "Browse rooms" }).click();
  await page.getByRole("button", { name: `Join ${name}` }).click();
  await page.getByRole("heading", { name, exact: true }).waitFor();
}

export function roomLink(page: Page, name: string): Locator {
  return page.getByRole("navigation").getByRole("link", { name: new RegExp(`^${name}`) });
}

export function composer(page: Page): Locator {
  return page.getByRole("textbox", { name: /^Message to/ });
}

export async function say(page: Page, text: string): Promise<void> {
  await composer(page).fill(text);
  await composer(page).press("Enter");
}

/** A message of the room, by its own words. */
export function said(page: Page, text: string | RegExp): Locator {
  const words = page.locator(".message-text").getByText(text, { exact: true });
  return page.getByRole("log").locator(".message").filter({ has: words });
}

/** What can be done with a message. */
export async function tool(message: Locator, name: string): Promise<void> {
  await message.hover();
  await message.getByRole("button", { name, exact: true }).click();
}

/** What is in the room, in order, also what is on its way. */
export function textsOf(page: Page): Promise<readonly string[]> {
  return page.getByRole("log").locator(".message-text").allTextContents();
}

export async function shows(page: Page, texts: readonly string[]): Promise<void> {
  let seen: readonly string[] = [];
  const isSo = async () => {
    seen = await textsOf(page);
    return JSON.stringify(seen) === JSON.stringify(texts) && (await page.locator(".pending").count()) === 0;
  };
  await poll(isSo, { timeoutMs: 15_000 }).catch(() => {
    throw new Error(`The page shows ${JSON.stringify(seen)} instead of ${JSON.stringify(texts)}.`);
  });
}
