/**
 * The one way into the benches: `npm run bench -- <name> [options]`; without a name, the comparison with the peers.
 *
 * Each bench is a file with a `main` that takes the rest of the command line. It is imported only when it is asked for:
 * benches share a look, not each other's set-up. To add one: `BENCHES` below, and a line in the guide.
 */
import { stopWithParent } from "../tools/stop-with-parent.ts";

interface Bench {
  main(args: readonly string[]): Promise<void>;
}

const DEFAULT = "peers";
const BENCHES: Readonly<Record<string, () => Promise<Bench>>> = {
  peers: () => suite("peers"),
  cache: () => suite("cache"),
  channels: () => import("./channels.ts"),
  events: () => import("./events.ts"),
  live: () => import("./live.ts"),
  readset: () => import("./readset.ts"),
  relay: () => import("./relay.ts"),
};

async function suite(name: string): Promise<Bench> {
  const { main } = await import("./run.ts");
  return { main: (args) => main(args, name) };
}

const [first, ...rest] = process.argv.slice(2);
const isNamed = first !== undefined && !first.startsWith("-");
const load = BENCHES[isNamed ? first : DEFAULT];
stopWithParent();
if (load === undefined) {
  process.stderr.write(`bench: "${first}" is not there; there are ${Object.keys(BENCHES).join(", ")}.\n`);
  process.exitCode = 1;
} else await (await load()).main(isNamed ? rest : process.argv.slice(2));
