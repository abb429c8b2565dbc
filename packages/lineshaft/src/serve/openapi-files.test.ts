/** Files in the OpenAPI document and in the table of routes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { collect } from "../define/declarations.ts";
import { openApiDocument } from "./openapi.ts";
import { routeTable } from "./route-table.ts";
import * as notes from "./test/files-app.ts";

interface Json {
  readonly [key: string]: Json | undefined;
}

const declarations = collect({ notes });
const document = openApiDocument(declarations, { title: "Files", version: "1" }) as unknown as Json;
const BINARY = { schema: { type: "string", format: "binary" } };

test("the document is valid by an independent validator", async () => {
  const { valid, errors } = await new Validator().validate(structuredClone(document) as Record<string, unknown>);
  assert.ok(valid, JSON.stringify(errors));
});

test("an upload has a file as its body, its types, and all else in path and query", () => {
  const put = document["paths"]!["/rooms/{room}/notes"]!["post"]!;
  assert.deepEqual(put["requestBody"], {
    description: "One file of at most 60000000 bytes, as it is.",
    required: true,
    content: {
      "image/*": BINARY,
      "video/*": BINARY,
      "text/*": BINARY,
      "application/pdf": BINARY,
      "application/zip": BINARY,
      "application/octet-stream": BINARY,
    },
  });
  const parameters = put["parameters"] as unknown as readonly Json[];
  assert.deepEqual(
    parameters.map((each) => [each["name"], each["in"]]),
    [
      ["room", "path"],
      ["name", "query"],
      ["end", "query"],
    ],
  );
  for (const status of ["201", "413", "415", "422"]) assert.ok(put["responses"]![status], status);
  assert.match(JSON.stringify(document), /FILE_TYPE_MISMATCH/);
});

test("a download has a file as its answer, whole and in part, and is no stream of answers", () => {
  const responses = document["paths"]!["/notes/{id}"]!["get"]!["responses"]!;
  for (const status of ["200", "206"]) assert.deepEqual(responses[status]!["content"], { "*/*": BINARY });
  for (const status of ["304", "404", "416"]) assert.ok(responses[status], status);
});

test("the table of routes says which bodies and answers are files", () => {
  const table = routeTable(declarations);
  assert.deepEqual(table["notes.write"], { route: "PUT /texts", upload: true });
  assert.deepEqual(table["notes.attach"], {
    route: "POST /rooms/:room/notes",
    from: { name: "query name", end: "query end" },
    upload: true,
  });
  assert.deepEqual(table["notes.fetchNote"], { route: "GET /notes/:id", download: true });
});
