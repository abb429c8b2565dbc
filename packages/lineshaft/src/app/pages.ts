/**
 * Pages of the platform itself: health, the OpenAPI document, the API reference, the route table of clients.
 */
import type { Pool } from "../data/pool.ts";
import type { Declarations } from "../define/declarations.ts";
import { fault } from "../define/errors.ts";
import type { Answer } from "../serve/answer.ts";
import type { Page } from "../serve/exchange.ts";
import { openApiDocument } from "../serve/openapi.ts";
import { referencePages } from "../serve/reference.ts";
import { ROUTE_TABLE_PATH, routeTable } from "../serve/route-table.ts";

/** How long readiness waits for the database. */
const READY_MS = 2_000;

const json = (body: unknown, extra: Partial<Answer> = {}): Answer => ({
  status: 200,
  mediaType: "application/json",
  body: JSON.stringify(body),
  headers: { "cache-control": "no-store" },
  ...extra,
});

export interface PagesOptions {
  readonly declarations: Declarations;
  readonly title: string;
  readonly version: string;
  readonly description: string | undefined;
  readonly pool: Pool;
  readonly draining: () => boolean;
}

/** The pages by path. */
export function platformPages(options: PagesOptions): Map<string, Page> {
  const { declarations, title, version, description } = options;
  let document: string | undefined;
  const openapi = () => {
    document ??= JSON.stringify(
      openApiDocument(declarations, { title, version, ...(description ? { description } : {}) }),
    );
    return document;
  };
  const routes = JSON.stringify(routeTable(declarations));
  const open = { "access-control-allow-origin": "*" };
  return new Map<string, Page>([
    ["/health/live", () => json({ status: "ok" })],
    ["/health/ready", () => readiness(options)],
    ["/openapi.json", () => ({ ...json(null), body: openapi(), headers: open, tagged: true })],
    [ROUTE_TABLE_PATH, () => ({ ...json(null), body: routes, headers: open, tagged: true })],
    ...referencePages(title),
  ]);
}

async function readiness({ pool, draining }: PagesOptions): Promise<Answer> {
  if (draining()) throw fault("SHUTTING_DOWN", { retryAfterSeconds: 1 });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(fault("DATABASE_UNAVAILABLE", { retryAfterSeconds: 1 })), READY_MS);
  });
  try {
    await Promise.race([pool.ping(), late]);
    return json({ status: "ok", database: "up" });
  } finally {
    clearTimeout(timer);
  }
}
