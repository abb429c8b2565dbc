/** The private port: metrics for Prometheus, kept apart so that nobody outside reads them by mistake. */
import type { Cache } from "../cache/index.ts";
import type { Pool } from "../data/pool.ts";
import type { Live } from "../live/index.ts";
import type { Relay } from "../log/relay.ts";
import type { Metrics } from "../observe/metrics.ts";
import { HttpServer } from "../serve/server.ts";

export function metricsServer(options: {
  readonly metrics: Metrics;
  readonly pool: Pool;
  readonly relay: Relay | null;
  readonly cache: Cache | null;
  readonly live: Live;
  readonly server: HttpServer;
}): HttpServer {
  const { metrics, pool, relay, cache, live, server } = options;
  return new HttpServer({
    handle: async (request, response) => {
      if (request.method !== "GET" || request.url !== "/metrics") {
        response.writeHead(404, { "content-type": "text/plain; charset=utf-8" }).end("Only GET /metrics is here.\n");
        return;
      }
      await relay?.measure(pool);
      pool.measure();
      cache?.measure();
      live.measure();
      metrics.openConnections.set(await server.connections);
      const text = await metrics.registry.metrics();
      response.writeHead(200, { "content-type": metrics.registry.contentType }).end(text);
    },
  });
}
