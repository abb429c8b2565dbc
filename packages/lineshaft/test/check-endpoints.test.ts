/** Mistakes in endpoints: each rule goes off on its sample and on nothing else. */

import { download } from "../src/define/file.ts";
import { content } from "../src/define/shape.ts";
import {
  field,
  Link,
  run,
  type Sample,
  service,
  testSamples,
  withEndpoint,
  withInput,
  withTwo,
} from "./check-samples.ts";

const ENDPOINTS: readonly Sample[] = [
  ["a route without a method", () => withEndpoint("/links"), /route "\/links" has another form/, /POST \/links/],
  ["a route with a space", () => withEndpoint("POST /a b"), /route "POST \/a b"/, /method and path/],
  [
    "a command that reads",
    () => ({ app: { one: service("app", { actor: "anyone" }).command("GET /a", { run }) } }),
    /a command with the method GET/,
    /POST, PUT/,
  ],
  [
    "a query that writes",
    () => ({
      app: { one: service("app", { actor: "anyone" }).query("POST /a", { output: content("text/csv"), run }) },
    }),
    /a query with the method POST/,
    /declare a command/,
  ],
  ["a wildcard", () => withEndpoint("POST /a/*"), /part "\*"/, /no wildcards/],
  ["an empty part", () => withEndpoint("POST /a//b"), /part ""/, /word/],
  ["a pattern", () => withInput("POST /a/:x.json", { x: field.text() }), /part ":x\.json"/, /alone/],
  ["a parameter twice", () => withInput("POST /:x/:x", { x: field.text() }), /:x twice/, /name of its own/],
  [
    "a route twice",
    () => withTwo("POST /a/:x", "POST /a/:y"),
    /app\.two \(POST \/a\/:y\): app\.one has the same route.*:\d+\)/,
    /do not tell/,
  ],
  ...["/health/live", "/health/ready", "/openapi.json", "/docs", "/docs/x", "/lineshaft/routes.json", "/metrics"].map(
    (path): Sample => [`the fixed path ${path}`, () => withEndpoint(`POST ${path}`), /platform answers/, /prefix/],
  ),
  ["a parameter without input", () => withInput("GET /a/:code", {}), /:code, the input has not/, /Add code: field/],
  ["an unknown actor", () => withEndpoint("POST /a", { actor: "anyon" }), /actor is "anyon"/, /"anyone"/],
  [
    "an account without accounts",
    () => withEndpoint("POST /a", { actor: "account" }),
    /wants an account, and no service/,
    /lineshaft\/accounts/,
  ],
  [
    "a bad rate",
    () => withEndpoint("POST /a", { limit: { per: "all", rate: "60/min" } }),
    /rate is "60\/min"/,
    /60\/minute/,
  ],
  [
    "a rate of zero",
    () => withEndpoint("POST /a", { limit: { per: "all", rate: "0/minute" } }),
    /rate is "0\/minute"/,
    /from 1/,
  ],
  [
    "a bad limit",
    () => withEndpoint("POST /a", { limit: { per: "adress", rate: "1/day" } }),
    /per is "adress"/,
    /"address"/,
  ],
  [
    "a bad isolation",
    () => withEndpoint("POST /a", { isolation: "serialisable" }),
    /isolation is "serialisable"/,
    /"serializable"/,
  ],
  [
    "a query with isolation",
    () => withEndpoint("GET /a", { isolation: "read committed" }),
    /query with the isolation/,
    /leave out/,
  ],
  ["no run", () => withEndpoint("POST /a", { run: "go" }), /run is "go"/, /async run/],
  [
    "a small code",
    () => withEndpoint("POST /a", { errors: { taken: { status: 409, title: "x" } } }),
    /code "taken"/,
    /CODE_TAKEN/,
  ],
  [
    "a code of the platform",
    () => withEndpoint("POST /a", { errors: { NOT_FOUND: { status: 404, title: "x" } } }),
    /NOT_FOUND is one of the platform/,
    /fail\("NOT_FOUND"\)/,
  ],
  [
    "an error of the server",
    () => withEndpoint("POST /a", { errors: { A: { status: 500, title: "x" } } }),
    /A has the status 500/,
    /400 to 499/,
  ],
  [
    "an error without words",
    () => withEndpoint("POST /a", { errors: { A: { status: 409, title: "" } } }),
    /title ""/,
    /few words/,
  ],
  [
    "an authorize that is none",
    () => withEndpoint("GET /a", { output: Link, authorize: 5 }),
    /authorize is 5/,
    /async function/,
  ],
  ["a bad status", () => withEndpoint("POST /a", { status: 302 }), /status is 302/, /200, 201/],
  ["204 with output", () => withEndpoint("POST /a", { status: 204, output: Link }), /204, which has no body/, /200/],
  ["200 without output", () => withEndpoint("POST /a", { status: 200 }), /200, but there is no output/, /204/],
  [
    "a query without output",
    () => withEndpoint("GET /a", { output: undefined }),
    /query has no output/,
    /output: Link/,
  ],
];

const types = ["image/*", "application/pdf"];
const withUpload = (upload: unknown, rest = {}) => withEndpoint("POST /a", { upload, ...rest });

const FILES: readonly Sample[] = [
  ["an upload without a limit", () => withUpload({ types }), /upload\.max is undefined/, /max: 10_000_000/],
  ["an upload of nothing", () => withUpload({ max: 0, types }), /upload\.max is 0/, /how many bytes/],
  ["an upload in units", () => withUpload({ max: "10 MB", types }), /upload\.max is "10 MB"/, /how many bytes/],
  ["an upload without types", () => withUpload({ max: 1 }), /upload\.types is undefined/, /image\/\*/],
  ["an upload of no type", () => withUpload({ max: 1, types: [] }), /upload\.types is/, /application\/pdf/],
  ["any type", () => withUpload({ max: 1, types: ["*/*"] }), /types has "\*\/\*"/, /all of a kind/],
  ["half a type", () => withUpload({ max: 1, types: ["image"] }), /types has "image"/, /image\/png/],
  ["a type with a charset", () => withUpload({ max: 1, types: ["text/plain; a=b"] }), /text\/plain; a=b/, /parameters/],
  [
    "a query with upload",
    () => withEndpoint("GET /a", { upload: { max: 1, types } }),
    /a query with upload/,
    /POST, PUT or PATCH/,
  ],
  [
    "a removal with upload",
    () => withEndpoint("DELETE /a", { upload: { max: 1, types } }),
    /DELETE with upload/,
    /POST, PUT or PATCH/,
  ],
  [
    "an input in the body of an upload",
    () => withUpload({ max: 1, types }, { input: { x: field.text().from("body") } }),
    /from the body, which is the file/,
    /from\("header"\)/,
  ],
  [
    "an object beside an upload",
    () => withUpload({ max: 1, types }, { input: { x: { y: field.text() } } }),
    /an object, which the query cannot carry/,
    /the body is the file/,
  ],
  [
    "a command with a download",
    () => withEndpoint("POST /a", { output: download() }),
    /a command with a download/,
    /answer of a query/,
  ],
  [
    "a download that is created",
    () => withEndpoint("GET /a", { output: download(), status: 201 }),
    /download with the status 201/,
    /status 200/,
  ],
  [
    "a download inside an answer",
    () => withEndpoint("GET /a", { output: { file: download() } }),
    /download\(\) is an answer as a whole/,
    /query of its own/,
  ],
  [
    "a download as an input",
    () => withInput("POST /a", { file: download() }),
    /download\(\) is an answer as a whole/,
    /query of its own/,
  ],
];

testSamples("mistakes of endpoints", ENDPOINTS);
testSamples("mistakes of files", FILES);
