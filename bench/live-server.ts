/** The server of the live bench: one query, in a process of its own. Questions: `usage`, `collected`. */

import type { Connection } from "../packages/lineshaft/src/data/connection.ts";
import { entity } from "../packages/lineshaft/src/define/entity.ts";
import { field } from "../packages/lineshaft/src/define/field.ts";
import { service } from "../packages/lineshaft/src/define/service.ts";
import { startTestApp } from "../packages/lineshaft/src/testkit/index.ts";
import { answerParent, collectGarbage, cpuMicros } from "./child.ts";

class Item extends entity("item", { id: field.serial(), name: field.text(), count: field.integer().default(0) }) {}
const shop = service("shop", { entities: { Item }, actor: "anyone" });
const item = shop.query("GET /items/:id", {
  input: { id: Item.fields.id },
  output: Item,
  async run({ input, db, fail }) {
    const found = await db.selectFrom("item").selectAll().where("id", "=", input.id).executeTakeFirst();
    return found ?? fail("NOT_FOUND");
  },
});

/** Where the server is. */
export interface Place {
  readonly url: string;
  readonly metricsUrl: string;
  readonly database: Connection;
}

/** What the server has cost so far. */
export interface Usage {
  readonly cpuMicros: number;
  readonly memoryBytes: number;
}

const app = await startTestApp(
  { services: { shop: { shop, item } } },
  { embedded: { durable: true }, settings: { relay: "auto" } },
);

answerParent(
  async (question) => {
    const { url, metricsUrl, database } = app;
    if (question === "place") return { url, metricsUrl, database } satisfies Place;
    if (question === "collected") collectGarbage();
    return { cpuMicros: cpuMicros(), memoryBytes: process.memoryUsage().rss } satisfies Usage;
  },
  () => app.stop(),
);
