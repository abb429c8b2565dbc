/** Mistakes in inputs and outputs: each rule goes off on its sample and on nothing else. */

import { content, list, nullable, page } from "../src/define/shape.ts";
import { entity, field, Link, nest, type Sample, testSamples, withInput, withOutput } from "./check-samples.ts";

const SHAPES: readonly Sample[] = [
  ["an entity as input", () => withInput("POST /a", Link), /input: it is the function.*not an object/, /link\.fields/],
  ["JSON Schema as input", () => withInput("POST /a", { type: "object" }), /another library/, /field\.text/],
  [
    "a text as shape",
    () => withInput("POST /a", { a: "string" }),
    /input\.a: it is "string", which is not a shape/,
    /A shape is/,
  ],
  ["a class as shape", () => withInput("POST /a", { a: Date }), /class Date, which is not/, /A shape is/],
  [
    "JSON Schema as shape",
    () => withInput("POST /a", { a: { type: "string" } }),
    /input\.a: it is a schema of another/,
    /field/,
  ],
  [
    "another library as shape",
    () =>
      withInput("POST /a", {
        a: new (class {
          "~standard" = {};
        })(),
      }),
    /another library/,
    /field/,
  ],
  [
    "a prototype name",
    () => withInput("POST /a", { ["__proto__"]: field.text() }),
    /"__proto__" has a meaning/,
    /another/,
  ],
  [
    "a computed input",
    () => withInput("GET /a/:slug", { slug: Link.fields.slug }),
    /input\.slug: it is computed/,
    /without computed/,
  ],
  ["an unknown source", () => withInput("POST /a", { a: field.text().from("heder") }), /read from "heder"/, /"header"/],
  ["a body on GET", () => withInput("GET /a", { a: field.text().from("body") }), /GET has none/, /query/],
  ["a bad header", () => withInput("GET /a", { a: field.text().from("header", "x y") }), /"x y" cannot be/, /hyphens/],
  [
    "a parameter from elsewhere",
    () => withInput("GET /:a", { a: field.text().from("query") }),
    /from the query, but the route has :a/,
    /from\(\)/,
  ],
  [
    "a path without parameter",
    () => withInput("GET /a", { a: field.text().from("path") }),
    /route has no :a/,
    /Write :a/,
  ],
  [
    "an optional parameter",
    () => withInput("GET /:a", { a: field.text().optional() }),
    /optional, but a path/,
    /two endpoints/,
  ],
  [
    "a list in the path",
    () => withInput("GET /:a", { a: field.list(field.text()) }),
    /a list, which the path/,
    /single/,
  ],
  [
    "an object in the path",
    () => withInput("GET /:a", { a: { b: field.text() } }),
    /an object, which the path/,
    /single/,
  ],
  [
    "an object in the query",
    () => withInput("GET /a", { a: { b: field.text() } }),
    /an object, which the query/,
    /command/,
  ],
  ["money in the query", () => withInput("DELETE /a", { a: field.money() }), /money, which the query/, /body/],
  [
    "list() in the query",
    () => withInput("GET /a", { a: list(field.text()) }),
    /list\(\), which the query/,
    /field\.list/,
  ],
  [
    "objects in the query",
    () => withInput("GET /a", { a: field.list(field.json()) }),
    /list of json, which the query/,
    /parts/,
  ],
  [
    "JSON in a header",
    () => withInput("POST /a", { a: field.json().from("header") }),
    /json, which the header/,
    /body/,
  ],
  [
    "a list in a cookie",
    () => withInput("POST /a", { a: field.list(field.text()).from("cookie") }),
    /a list, which the cookie/,
    /query/,
  ],
  [
    "a kept mistake in an input",
    () => withInput("POST /a", { a: { b: list(field.integer({ min: 2, max: 1 })) } }),
    /app\.one.*input\.a\.b\.\[\]: integer: min 2/,
    /Correct/,
  ],
  ["a bad list", () => withInput("POST /a", { a: list(field.text(), { max: 0 }) }), /list: max is 0/, /from 1/],
  ["content in an input", () => withInput("POST /a", { a: content("text/csv") }), /as a whole/, /field\.text/],
  [
    "a field that was never there",
    () => withOutput(Link.pick("cod")),
    /output\.cod: it is undefined/,
    /Did you mean "code"\?/,
  ],
  ["content inside an output", () => withOutput({ a: content("text/csv") }), /output\.a: content/, /output: content/],
  ["content without a type", () => withOutput(content("csv")), /content\("csv"\)/, /text\/csv/],
  ["an unknown output", () => withOutput("Link"), /output: it is "Link"/, /A shape is/],
  [
    "an unknown item",
    () => withOutput(page({ a: nullable(null as never) } as never)),
    /output\.items\.\[\]\.a: it is null/,
    /A shape is/,
  ],
  [
    "a hidden entity",
    () => withOutput(entity("x", { id: field.text().hidden() })),
    /all fields of x are hidden/,
    /another field/,
  ],
  ["a hidden object", () => withOutput(Link.pick("secret")), /all its fields are hidden: secret/, /another/],
  ["a shape too deep", () => withOutput(nest(40)), /deeper than 32 levels/, /flatter/],
  ["an unknown shape in JSON", () => withOutput({ a: field.json({ b: 7 }) }), /output\.a\.b: it is 7/, /A shape is/],
  ["an entity of no service", () => withOutput(entity("x", { id: "no" })), /output\.id: it is "no"/, /A shape is/],
  [
    "a prototype name inside",
    () => withInput("POST /a", { a: { constructor: field.text() } }),
    /input\.a\.constructor: .*JavaScript/,
    /another/,
  ],
];

testSamples("mistakes of shapes", SHAPES);
