/** A reader of the durable stream in a process of its own, to be killed: prints a line for each thing it is told. */
import { createLog } from "../../observe/log.ts";
import { DurableStream } from "../durable-stream.ts";
import { PUBLICATION } from "./stage.ts";

const { url, processes } = JSON.parse(process.argv[2]!) as { url: string; processes: boolean };
const say = (line: string) => void process.stdout.write(`${line}\n`);
const stream = new DurableStream({
  connection: url,
  publications: [PUBLICATION],
  log: createLog({ level: "silent", readable: false }),
  consumer: {
    commits: (batch) => {
      for (const { changes } of batch) for (const { new: row } of changes) say(`id ${row?.[0]}`);
      // One that never comes to an end has processed nothing.
      return processes ? Promise.resolve() : new Promise(() => {});
    },
    reset: async (reason) => say(`reset ${reason}`),
  },
});
stream.start();
let state = "";
setInterval(() => {
  if (stream.state !== state) say(`state ${(state = stream.state)}`);
}, 5);
