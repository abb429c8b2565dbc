/** The benchmark's work on Hono with its Node server and its Zod validator. */
import { endOnSignal, GREETING, HOST, load, logRequest, openLog, openStore, PORT } from "./peer.mjs";
import { key, newEntry, person, place } from "./zod-schemas.mjs";

const { Hono } = load("hono");
const { serve } = load("@hono/node-server");
const { zValidator } = load("@hono/zod-validator");

const log = openLog();
const store = openStore();
const app = new Hono();

app.use(async (context, next) => {
  const startedAt = performance.now();
  await next();
  logRequest(log, context.req.method, context.req.path, context.res.status, startedAt);
});

app.get("/hello", (context) => context.json(GREETING));
app.post("/echo", zValidator("json", person), (context) => context.json(context.req.valid("json")));
app.get("/notes/:id", zValidator("param", key), async (context) => {
  const row = await store.one(context.req.valid("param").id);
  return row ? context.json(row) : context.json({ message: "Not found" }, 404);
});
app.get("/notes", zValidator("query", place), async (context) =>
  context.json(await store.some(context.req.valid("query").after)),
);
app.post("/entries", zValidator("json", newEntry), async (context) =>
  context.json(await store.add(context.req.valid("json")), 201),
);
app.post("/entries-serializable", zValidator("json", newEntry), async (context) =>
  context.json(await store.addSerializable(context.req.valid("json")), 201),
);

const server = serve({ fetch: app.fetch, hostname: HOST, port: PORT });
endOnSignal(() => {
  server.close();
  return store.close();
});
