/** A node in a process of its own, to be killed and stopped: `Child` of `stand.ts`. Prints who is there. */
import { Node } from "./stand.ts";

const [url = "", name = ""] = process.argv.slice(2);
const node = new Node(url, (line) => line.includes("a node is gone") && process.stdout.write("lost\n"));
const member = node.join(name);
let before = "";
setInterval(() => {
  const now = member.names.join();
  if (now !== before) process.stdout.write(`${now}\n`);
  before = now;
}, 10);
/** Does nothing else for so long. After an immediate timers come first, before what has arrived meanwhile. */
const block = (ms: number) => setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms));
// Without an end: whoever started it is gone.
process.stdin.on("close", () => process.exit(1)).on("data", (ms) => block(Number(String(ms))));
await node.channels.start();
