/** An app in a process of its own, to be killed: takes files, and holds those that it is told to hold. */
import { field } from "../../define/field.ts";
import { download } from "../../define/file.ts";
import { service } from "../../define/service.ts";
import { createLog } from "../../observe/log.ts";
import { startApp } from "../start.ts";

export const held = service("held", { actor: "anyone" });

export const put = held.command("PUT /files", {
  upload: { max: 1_000_000, types: ["text/plain"] },
  input: { hold: field.boolean().default(false) },
  output: { key: field.text() },
  async run({ input, file, log }) {
    if (input.hold) {
      log.warn({ key: file.key }, "held");
      await new Promise(() => {});
    }
    return file;
  },
});

export const get = held.query("GET /files/:key", {
  input: { key: field.text() },
  output: download(),
  run: async ({ input }) => ({ key: input.key, name: "a.txt" }),
});

if (import.meta.main) {
  const [folder = ""] = process.argv.slice(2);
  const app = await startApp(
    { services: { held: { held, put, get } } },
    {
      folder,
      environment: {},
      log: createLog({ level: "warn", readable: false }),
      embedded: { durable: false },
      settings: { port: 0, metricsPort: 0, relay: "off" },
    },
  );
  process.stdout.write(`${app.url}\n`);
}
