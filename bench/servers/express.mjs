/** The benchmark's work on Express, with its JSON parser and Zod. */
import { endOnSignal, GREETING, HOST, load, logRequest, openLog, openStore, PORT } from "./peer.mjs";
import { key, newEntry, person, place } from "./zod-schemas.mjs";

const express = load("express");

const log = openLog();
const store = openStore();
const app = express();
app.disable("x-powered-by");

app.use((request, response, next) => {
  const startedAt = performance.now();
  response.on("finish", () => logRequest(log, request.method, request.originalUrl, response.statusCode, startedAt));
  next();
});
app.use(express.json());

/** Checks one part of the request; the handler finds it in `response.locals`. */
const checked = (part, schema) => (request, response, next) => {
  const result = schema.safeParse(request[part]);
  if (!result.success) return response.status(400).json({ errors: result.error.issues });
  response.locals.input = result.data;
  next();
};

app.get("/hello", (_request, response) => response.json(GREETING));
app.post("/echo", checked("body", person), (_request, response) => response.json(response.locals.input));
app.get("/notes/:id", checked("params", key), async (_request, response) => {
  const row = await store.one(response.locals.input.id);
  if (row) response.json(row);
  else response.status(404).json({ message: "Not found" });
});
app.get("/notes", checked("query", place), async (_request, response) => {
  response.json(await store.some(response.locals.input.after));
});
app.post("/entries", checked("body", newEntry), async (_request, response) => {
  response.status(201).json(await store.add(response.locals.input));
});
app.post("/entries-serializable", checked("body", newEntry), async (_request, response) => {
  response.status(201).json(await store.addSerializable(response.locals.input));
});

const server = app.listen(PORT, HOST);
endOnSignal(() => {
  server.close();
  return store.close();
});
