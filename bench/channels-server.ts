/** A server of the channels bench, in a process of its own. Questions: `port`, `usage`, `collected`. */
import { join } from "node:path";
import type { ChannelsPlace, ChannelsServer, ServerUsage } from "./channels-contender.ts";
import { answerParent, collectGarbage, cpuMicros } from "./child.ts";

const [file, place] = process.argv.slice(2) as [string, string];

interface Opener {
  open(place: ChannelsPlace): Promise<ChannelsServer>;
}

const { open } = (await import(join(import.meta.dirname, "servers", "channels", file))) as Opener;
const server = await open(JSON.parse(place));

answerParent(
  async (question) => {
    if (question === "port") return server.port;
    if (question === "collected") collectGarbage();
    const { rss, heapUsed, external } = process.memoryUsage();
    return { cpuMicros: cpuMicros(), residentBytes: rss, heldBytes: heapUsed + external } satisfies ServerUsage;
  },
  () => server.close(),
);
