/** A start of an app in a process of its own: migrates as told by one JSON argument, prints the outcome, ends. */
import pg from "pg";
import { entity } from "../../define/entity.ts";
import { field } from "../../define/field.ts";
import { type ServiceDefinition, service } from "../../define/service.ts";
import { type MigrateOptions, migrate } from "../index.ts";

class Link extends entity("link", { id: field.id(), code: field.text({ max: 32 }).unique() }) {}

const { config, ...options } = JSON.parse(process.argv[2] ?? "{}") as MigrateOptions & { config: pg.ClientConfig };
const outcome = await migrate({
  ...options,
  services: [service("links", { entities: { Link } }) as unknown as ServiceDefinition],
  connect: async () => {
    const client = new pg.Client(config);
    await client.connect();
    return client;
  },
});
process.stdout.write(JSON.stringify(outcome.applied.map((file) => file.name)));
