/** How tests find their way on the page. */
import type { Locator, Page } from "playwright-core";

export function column(page: Page, name: string): Locator {
  return page.getByRole("region", { name, exact: true });
}

export function cardIn(page: Page, name: string, title: string): Locator {
  return column(page, name).getByRole("button", { name: title, exact: true });
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
