/** Mistakes in endpoints: each rule goes off on its sample and on nothing else. */

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

testSamples("mistakes of endpoints", ENDPOINTS);
