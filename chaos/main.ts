/**
 * The one way into the checks that break things: `npm run chaos -- <name> [options]`; without a name, `faults`.
 *
 * Each is a file with a `main` that takes the rest of the command line and gives the exit code. To add one: `CHECKS`.
 */
import { stopWithParent } from "../tools/stop-with-parent.ts";

interface Check {
  main(args: readonly string[]): Promise<number>;
}

const DEFAULT = "faults";
const CHECKS: Readonly<Record<string, () => Promise<Check>>> = {
  faults: () => import("./faults.ts"),
  coherence: () => import("./coherence.ts"),
  chat: () => import("./chat/main.ts"),
};

const [first, ...rest] = process.argv.slice(2);
const isNamed = first !== undefined && !first.startsWith("-");
const load = CHECKS[isNamed ? first : DEFAULT];
stopWithParent();
if (load === undefined) {
  process.stderr.write(`chaos: "${first}" is not there; there are ${Object.keys(CHECKS).join(", ")}.\n`);
  process.exit(2);
}
process.exit(await (await load()).main(isNamed ? rest : process.argv.slice(2)));
