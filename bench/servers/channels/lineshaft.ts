/** The channels bench on Lineshaft, through its public face, as in production. */
import { app } from "lineshaft";
import type { ChannelsPlace } from "../../channels-contender.ts";
import * as service from "./service.ts";

export const bench = app({
  title: "Benchmark",
  services: { channels: service },
  migrations: `${import.meta.dirname}/migrations`,
});

const SECRET = "the benchmark keeps no secret from anybody";

export async function open({ port, databaseUrl }: ChannelsPlace) {
  const settings = { mode: "production", port, metricsPort: 0, logLevel: "error", databaseUrl } as const;
  const running = await bench.start({ environment: {}, settings: { ...settings, secret: SECRET } });
  return { port: Number(new URL(running.url).port), close: () => running.stop() };
}
