/** A test process: starts one app, tells where its database is, and stays until it is ended. */
import { startTestApp } from "../index.ts";
import { guests } from "./shop.ts";

const app = await startTestApp({ services: { guests } });
await app.as(null).call(guests.place, {});
process.stdout.write(`${JSON.stringify({ database: app.database, url: app.url })}\n`);
setInterval(() => {}, 60_000);
