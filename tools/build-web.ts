/**
 * Build the web pages of the apps: `npm run build:web`.
 *
 * Each page is a workspace of its own with a `vite.config.ts`, most of it from `apps/web-shared/vite.ts`. Its build is
 * committed next to it, so that `npm start` needs no bundler. The same sources give the same bytes, and a test of each
 * page holds the committed build to that.
 * To add a page: its folder in `PAGES`.
 */
import { join, relative } from "node:path";

const ROOT = join(import.meta.dirname, "..");

/** Folders of the pages, from the root. */
export const PAGES = ["apps/tasks/web", "apps/chat/web"] as const;

/** Builds a page, into its own `built` folder or into another. */
export async function buildPage(page: (typeof PAGES)[number], into?: string): Promise<void> {
  // The bundler is a development package: a start in production must be able to load everything else without it.
  const { build } = await import("vite");
  const root = join(ROOT, page);
  await build({
    root,
    configFile: join(root, "vite.config.ts"),
    logLevel: "warn",
    ...(into === undefined ? {} : { build: { outDir: into } }),
  });
}

if (import.meta.main) {
  for (const page of PAGES) {
    await buildPage(page);
    process.stdout.write(`built ${relative(ROOT, join(ROOT, page, "built"))}\n`);
  }
}
