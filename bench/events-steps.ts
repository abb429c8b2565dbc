/**
 * Steps of a contender, in a process of its own. The question is how many runs, and of how many steps each; the answer
 * is what a step has added to its run, in milliseconds, for each run.
 */
import { answerParent } from "./child.ts";
import { openSteps, type Place } from "./events-contender.ts";

const [file, place] = [process.argv[2]!, JSON.parse(process.argv[3]!) as Place];
const contender = await openSteps(file, place);

async function measure(question: string): Promise<readonly number[]> {
  const [runs, steps] = question.split(" ").map(Number) as [number, number];
  const times: number[] = [];
  for (let run = 0; run < runs; run++) times.push((await contender.run(steps)) / steps);
  return times;
}

answerParent(measure, () => contender.close());
