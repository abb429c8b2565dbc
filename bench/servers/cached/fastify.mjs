/**
 * Notes of signed-in callers on Fastify: asked of Postgres each time or, with `REDIS_URL`, kept in Redis by hand.
 *
 * The way by hand is the usual one, done with care: session and row are asked for in one command, answers are kept as
 * the text that goes out, what is changed is deleted after the commit, and everything has a life. It is wrong in
 * races: a reader that found the old row can put it back after the delete, and then it stays for `LIFE_SECONDS`. A
 * session that was ended stays good for as long.
 */
import { createHash } from "node:crypto";
import { endOnSignal, GREETING, HOST, load, logRequest, openLog, openPool, PAGE_ROWS, PORT } from "../peer.mjs";

const LIFE_SECONDS = 60;
const { fastify } = load("fastify");
const Redis = process.env.REDIS_URL ? load("ioredis").Redis : null;
const redis = Redis && new Redis(process.env.REDIS_URL, { enableAutoPipelining: true });

const COLUMNS = `"id", "author", "title", "body", "done", "createdAt"`;
const { pool, ask } = openPool({
  who: `select account."id", account."email"
    from accounts.session join accounts.account on account."id" = session."account"
    where session."token" = $1 and session."expiresAt" > now()`,
  one: `select ${COLUMNS} from bench.note where "id" = $1`,
  change: `update bench.note set "done" = $2 where "id" = $1 returning ${COLUMNS}`,
  some: `select note."id", note."title", note."done", note."createdAt",
      author."name" as "authorName", team."name" as "team"
    from bench.note join bench.author on author."id" = note."author"
      join bench.member on member."author" = author."id" join bench.team on team."id" = member."team"
    where note."id" > $1 order by note."id" limit $2`,
});

const uuid = { type: "string", format: "uuid" };
const time = { type: "string", format: "date-time" };
const closed = (properties) => ({
  type: "object",
  additionalProperties: false,
  required: Object.keys(properties),
  properties,
});
const texts = { title: { type: "string" }, done: { type: "boolean" }, createdAt: time };
const note = closed({ id: uuid, author: uuid, title: texts.title, body: { type: "string" }, ...texts });
const page = closed({
  items: {
    type: "array",
    items: closed({ id: uuid, ...texts, authorName: { type: "string" }, team: { type: "string" } }),
  },
  next: { type: ["string", "null"] },
});

const app = fastify({
  loggerInstance: openLog(),
  disableRequestLogging: true,
  ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
});
app.decorateRequest("startedAt", 0);
app.decorateRequest("account", null);
app.addHook("onRequest", (request, _reply, done) => {
  request.startedAt = performance.now();
  done();
});
app.addHook("onResponse", (request, reply, done) => {
  logRequest(app.log, request.method, request.url, reply.statusCode, request.startedAt);
  done();
});

function tokenHash({ headers }) {
  const token = /^bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
  return token === undefined ? null : createHash("sha256").update(token).digest("base64url");
}

async function whoOf(hash) {
  const { rows } = await ask(pool, "who", [hash]);
  return rows[0] ?? null;
}

const refuse = (reply, status, message) => reply.code(status).send({ message });
const keep = (key, text) => void redis.set(key, text, "EX", LIFE_SECONDS).catch(() => {});

/** Asks Postgres for both, one after the other: a row is for those who are signed in. */
async function mine(request, reply) {
  const hash = tokenHash(request);
  request.account = hash && (await whoOf(hash));
  if (!request.account) return refuse(reply, 401, "Sign in");
  const [row] = (await ask(pool, "one", [request.params.id])).rows;
  return row ?? refuse(reply, 404, "Not found");
}

/** Asks Redis for both at once, and Postgres for what is not there. */
async function mineKept(request, reply) {
  const { id } = request.params;
  const hash = tokenHash(request);
  if (!hash) return refuse(reply, 401, "Sign in");
  const [session, text] = await redis.mget(`session:${hash}`, `note:${id}`);
  request.account = session ? JSON.parse(session) : await whoOf(hash);
  if (!request.account) return refuse(reply, 401, "Sign in");
  if (!session) keep(`session:${hash}`, JSON.stringify(request.account));
  reply.type("application/json; charset=utf-8");
  if (text) return text;
  const [row] = (await ask(pool, "one", [id])).rows;
  if (!row) return refuse(reply, 404, "Not found");
  const written = JSON.stringify(row);
  keep(`note:${id}`, written);
  return written;
}

async function change(request, reply) {
  const hash = tokenHash(request);
  request.account = hash && (await whoOf(hash));
  if (!request.account) return refuse(reply, 401, "Sign in");
  const { id } = request.params;
  const [row] = (await ask(pool, "change", [id, request.body.done])).rows;
  if (!row) return refuse(reply, 404, "Not found");
  if (redis) await redis.del(`note:${id}`);
  return row;
}

async function some({ query: { after } }) {
  const { rows } = await ask(pool, "some", [after, PAGE_ROWS]);
  return { items: rows, next: rows.at(-1)?.id ?? null };
}

/** Pages are kept for their life: nothing by hand knows which of them a change of a note or an author touches. */
async function someKept(request, reply) {
  const key = `notes:${request.query.after}`;
  const text = await redis.get(key);
  reply.type("application/json; charset=utf-8");
  if (text) return text;
  const written = JSON.stringify(await some(request));
  keep(key, written);
  return written;
}

const params = closed({ id: uuid });
app.get("/hello", async () => GREETING);
app.get("/mine/notes/:id", { schema: { params, response: { 200: redis ? {} : note } } }, redis ? mineKept : mine);
app.get(
  "/notes",
  { schema: { querystring: closed({ after: uuid }), response: { 200: redis ? {} : page } } },
  redis ? someKept : some,
);
app.post(
  "/mine/notes/:id",
  { schema: { params, body: closed({ done: { type: "boolean" } }), response: { 200: note } } },
  change,
);

await app.listen({ host: HOST, port: PORT });
endOnSignal(async () => {
  await app.close();
  await pool.end();
  redis?.disconnect();
});
