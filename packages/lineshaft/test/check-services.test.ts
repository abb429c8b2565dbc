/** Mistakes in services: each rule goes off on its sample and on nothing else. */
import {
  entity,
  field,
  Link,
  Pair,
  run,
  type Sample,
  service,
  testSamples,
  withEntities,
  withService,
} from "./check-samples.ts";

const SERVICES: readonly Sample[] = [
  ["a bad name", () => withService("My-App"), /service "My-App": the name cannot be/, /lower-case/],
  ["a long name", () => withService("a".repeat(64)), /name cannot be/, /at most 63/],
  ...["lineshaft", "public", "pg_x", "information_schema"].map(
    (name): Sample => [`the reserved name ${name}`, () => withService(name), /reserved/, /another name/],
  ),
  [
    "two of one name",
    () => ({ a: { a: service("app") }, b: { b: service("app") } }),
    /another service has this name \(.*:\d+\)/,
    /another name/,
  ],
  [
    "an option that there is not",
    () => withService("app", { actr: "anyone" } as object),
    /no option "actr"/,
    /Did you mean "actor"\?/,
  ],
  ["no slash before a prefix", () => withService("app", { prefix: "api" }), /prefix is "api"/, /Begin with "\/"/],
  ["a slash after a prefix", () => withService("app", { prefix: "/api/" }), /prefix is "\/api\/"/, /end without/],
  [
    "a parameter in a prefix",
    () => withService("app", { prefix: "/:tenant" }),
    /prefix is "\/:tenant"/,
    /no parameters/,
  ],
  [
    "cors: credentials for all",
    () => withService("app", { cors: { origins: "*", credentials: true } }),
    /credentials to origins "\*"/,
    /list the origins/,
  ],
  [
    "cors: no list",
    () => withService("app", { cors: { origins: "https://a.example" } }),
    /cors\.origins is "https:/,
    /list/,
  ],
  [
    "cors: a path",
    () => withService("app", { cors: { origins: ["https://a.example/x"] } }),
    /not an origin/,
    /"https:\/\/a\.example"/,
  ],
  [
    "cors: no scheme",
    () => withService("app", { cors: { origins: ["a.example"] } }),
    /"a\.example", which is not/,
    /scheme/,
  ],
  [
    "cors: a star in the list",
    () => withService("app", { cors: { origins: ["*"] } }),
    /"\*", which is not/,
    /without a list/,
  ],
  [
    "two that authenticate",
    () => ({ a: { a: service("a", { authenticate: run }) }, b: { b: service("b", { authenticate: run }) } }),
    /service "b": it has authenticate, as the service "a"/,
    /One service/,
  ],
  ["authenticate is no function", () => withService("app", { authenticate: true }), /authenticate is true/, /function/],
  ["an unknown actor rule", () => withService("app", { actor: "acount" }), /actor is "acount"/, /"account"/],
  [
    "an unknown unknownInput",
    () => withService("app", { unknownInput: "ignroe" }),
    /unknownInput is "ignroe"/,
    /"ignore"/,
  ],
  ["an entity that is none", () => withEntities(undefined), /entities\.0 is undefined/, /model\.ts/],
  [
    "a table twice",
    () => withEntities(Pair, entity("pair", { id: field.id() })),
    /another entity has the table "pair": pair \(.*:\d+\)/,
    /another table/,
  ],
  [
    "an entity in two services",
    () => ({ a: { a: service("a", { entities: { Link } }) }, b: { b: service("b", { entities: { Link } }) } }),
    /service "b": the entity link belongs to the service "a"/,
    /one service/,
  ],
];

testSamples("mistakes of services", SERVICES);
