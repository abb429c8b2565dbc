/** A node in a process of its own, to be killed and stopped: `Child` of `stand.ts`. Prints who is there. */
import { Node } from "./stand.ts";

const [url = "", name = ""] = process.argv.slice(2);
const node = new Node(url);
const member = node.join(name);
let before = "";
setInterval(() => {
  const now = member.names.join();
  if (now !== before) process.stdout.write(`${now}\n`);
  before = now;
}, 10);
// Whoever started it is gone.
process.stdin.on("close", () => process.exit(1)).resume();
await node.channels.start();
