#!/usr/bin/env node
/** The command `lineshaft`. Looks at the runtime before anything is loaded that an old one cannot read. */
const NODE_MAJOR_MIN = 24;

if (Number.parseInt(process.versions.node, 10) < NODE_MAJOR_MIN) {
  process.stderr.write(`lineshaft needs Node ${NODE_MAJOR_MIN} or newer; this is ${process.versions.node}.\n`);
  process.exit(1);
}
const { runCli } = await import("./cli.ts");
// A file of the app may have opened what would keep this process alive: a command ends when it is done.
process.exit(await runCli(process.argv.slice(2)));
