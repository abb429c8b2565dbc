/** The private port: metrics for Prometheus and the check of the cache, apart so that nobody outside meets them. */
import type { Cache } from "../cache/index.ts";
import type { Pool } from "../data/pool.ts";
import type { Live } from "../live/index.ts";
import type { Relay } from "../log/relay.ts";
import type { Metrics } from "../observe/metrics.ts";
import { HttpServer } from "../serve/server.ts";
import { CHECK_PATH, type CheckDoor } from "./check-door.ts";
import type { Machines } from "./machines.ts";

export function metricsServer(options: {
  readonly metrics: Metrics;
  readonly pool: Pool;
  readonly relay: Relay | null;
  readonly cache: Cache | null;
  readonly live: Live;
  readonly machines: Machines;
  readonly server: HttpServer;
  readonly check: CheckDoor;
}): HttpServer {
  const { metrics, pool, relay, cache, live, machines, server, check } = options;
  return new HttpServer({
    handle: async (request, response) => {
      if (request.url?.split("?", 1)[0] === CHECK_PATH) return check.handle(request, response);
      if (request.method !== "GET" || request.url !== "/metrics") {
        const text = `Only GET /metrics and POST ${CHECK_PATH} are here.\n`;
        response.writeHead(404, { "content-type": "text/plain; charset=utf-8" }).end(text);
        return;
      }
      await relay?.measure(pool);
      pool.measure();
      cache?.measure();
      live.measure();
      // A database that is away has metrics of its own.
      await machines.measure().catch(() => {});
      metrics.openConnections.set(await server.connections);
      const text = await metrics.registry.metrics();
      response.writeHead(200, { "content-type": metrics.registry.contentType }).end(text);
    },
  });
}
