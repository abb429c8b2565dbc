/** The benchmark's work on Fastify, with its own schemas for what comes in and what goes out. */
import { endOnSignal, GREETING, HOST, load, logRequest, openLog, openStore, PORT } from "./peer.mjs";

const { fastify } = load("fastify");

const text = (minLength, maxLength) => ({ type: "string", minLength, maxLength });
const closed = (properties, required = Object.keys(properties)) => ({
  type: "object",
  additionalProperties: false,
  required,
  properties,
});
const uuid = { type: "string", format: "uuid" };
const time = { type: "string", format: "date-time" };

const person = closed({
  name: text(1, 80),
  email: { type: "string", format: "email", maxLength: 254 },
  age: { type: "integer", minimum: 0, maximum: 150 },
  role: { type: "string", enum: ["reader", "writer", "owner"] },
  tags: { type: "array", maxItems: 10, items: text(1, 20) },
  address: closed({
    street: text(1, 100),
    city: text(1, 100),
    zip: { type: "string", pattern: "^[0-9]{5}$" },
  }),
});
const note = closed({
  id: uuid,
  author: uuid,
  title: { type: "string" },
  body: { type: "string" },
  done: { type: "boolean" },
  createdAt: time,
});
const page = closed({
  items: {
    type: "array",
    items: closed({
      id: uuid,
      title: { type: "string" },
      done: { type: "boolean" },
      createdAt: time,
      authorName: { type: "string" },
    }),
  },
  next: { type: ["string", "null"] },
});
const newEntry = closed({ author: uuid, title: text(1, 200), body: text(0, 2_000) });
const { done: _, ...entryProperties } = note.properties;
const entry = closed(entryProperties);
const greeting = closed({ message: { type: "string" }, version: { type: "integer" }, ready: { type: "boolean" } });

const store = openStore();
const app = fastify({
  loggerInstance: openLog(),
  // Two lines for each request are Fastify's default; one is what the others write.
  disableRequestLogging: true,
  ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
});
app.addHook("onRequest", (request, _reply, done) => {
  request.startedAt = performance.now();
  done();
});
app.addHook("onResponse", (request, reply, done) => {
  logRequest(app.log, request.method, request.url, reply.statusCode, request.startedAt);
  done();
});
app.decorateRequest("startedAt", 0);

app.get("/hello", { schema: { response: { 200: greeting } } }, async () => GREETING);
app.post("/echo", { schema: { body: person, response: { 200: person } } }, async (request) => request.body);
app.get("/notes/:id", { schema: { params: closed({ id: uuid }), response: { 200: note } } }, async (request, reply) => {
  const row = await store.one(request.params.id);
  if (row) return row;
  reply.code(404);
  return { message: "Not found" };
});
app.get("/notes", { schema: { querystring: closed({ after: uuid }), response: { 200: page } } }, async (request) =>
  store.some(request.query.after),
);
const adding = { schema: { body: newEntry, response: { 201: entry } } };
app.post("/entries", adding, async (request, reply) => {
  reply.code(201);
  return store.add(request.body);
});
app.post("/entries-serializable", adding, async (request, reply) => {
  reply.code(201);
  return store.addSerializable(request.body);
});

await app.listen({ host: HOST, port: PORT });
endOnSignal(() => app.close().then(store.close));
