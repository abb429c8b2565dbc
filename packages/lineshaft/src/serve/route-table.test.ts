/** The route table: what a client that knows only names needs to know of an app. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { collect } from "../define/declarations.ts";
import { field } from "../define/field.ts";
import { service } from "../define/service.ts";
import { content } from "../define/shape.ts";
import { startTestApp } from "../testkit/test-app.ts";
import { ROUTE_TABLE_PATH, routeTable } from "./route-table.ts";

const links = service("links", { actor: "anyone", prefix: "/api" });
const run = async () => "";
const feed = links.query("GET /feed/:code", {
  input: { code: field.text(), size: field.integer(), tag: field.text().from("query", "tag[]") },
  output: content("application/rss+xml"),
  run,
});
const change = links.command("PATCH /links/:code", {
  input: {
    code: field.text(),
    target: field.url(),
    version: field.text().from("header", "If-Match"),
    visitor: field.text().from("cookie", "visitor"),
    dry: field.boolean().from("query"),
  },
  run: async () => {},
});
const visitors = links.channel("/visitors/:code", {
  input: { code: field.text(), tag: field.text().from("query", "tag[]"), page: field.integer().default(1) },
});
const services = { links: { visitors, feed, change } };
const TABLE = {
  "links.feed": { route: "GET /api/feed/:code", from: { tag: "query tag[]" }, text: true },
  "links.change": {
    route: "PATCH /api/links/:code",
    from: { version: "header if-match", visitor: "cookie visitor", dry: "query dry" },
  },
  "links.visitors": { channel: "/api/visitors/:code", from: { tag: "query tag[]" } },
};

test("names endpoints by route, channels by path, and the keys that stand elsewhere than usual", () => {
  assert.deepEqual(routeTable(collect(services)), TABLE);
});

test("is served to pages of every origin, and asked again by its tag", async () => {
  await using app = await startTestApp({ services });
  const answer = await app.fetch(ROUTE_TABLE_PATH);
  assert.deepEqual(await answer.json(), TABLE);
  assert.equal(answer.headers.get("access-control-allow-origin"), "*");
  const again = await app.fetch(ROUTE_TABLE_PATH, { headers: { "if-none-match": answer.headers.get("etag")! } });
  assert.equal(again.status, 304);
});
