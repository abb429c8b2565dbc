/**
 * A contender that handles, in a process of its own. Questions: `fill <kind> <count>`, then `drain <count>`, which
 * answers when all of it is through; `start`, for jobs that others add; `url`; `cpu`.
 */
import { answerParent, collectGarbage, cpuMicros } from "./child.ts";
import { type Kind, openContender, type Place } from "./events-contender.ts";

/** How often the store is asked, once all handlers are through. */
const LOOK_MS = 5;

export interface Drained {
  readonly seconds: number;
  readonly cpuMicros: number;
}

const [file, place] = [process.argv[2]!, JSON.parse(process.argv[3]!) as Place];
const contender = await openContender(file, place);

/** From the start until every handler is through, and the store has noted it. */
async function drain(count: number): Promise<Drained> {
  collectGarbage();
  const all = Promise.withResolvers<void>();
  let handled = 0;
  const [startedAt, before] = [performance.now(), cpuMicros()];
  await contender.start(() => void (++handled === count && all.resolve()));
  await all.promise;
  while (!(await contender.isThrough())) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  return { seconds: (performance.now() - startedAt) / 1_000, cpuMicros: cpuMicros() - before };
}

async function answer(question: string): Promise<unknown> {
  const [what, ...rest] = question.split(" ");
  if (what === "fill") return await contender.fill(rest[0] as Kind, Number(rest[1])).then(() => true);
  if (what === "drain") return await drain(Number(rest[0]));
  if (what === "start") return await contender.start(() => {}).then(() => true);
  return what === "url" ? contender.url : cpuMicros();
}

answerParent(answer, () => contender.close());
