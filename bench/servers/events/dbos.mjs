/** Steps on DBOS: workflows that are called where they are, one after the other, with steps that do nothing. */
import { load } from "./jobs.mjs";

export async function openSteps({ databaseUrl }) {
  const { DBOS } = load("@dbos-inc/dbos-sdk");
  const silent = () => {};
  const logger = { debug: silent, info: silent, warn: console.warn, error: console.error };
  DBOS.setConfig({ name: "bench", systemDatabaseUrl: databaseUrl, logger });
  const workflow = DBOS.registerWorkflow(
    async (steps) => {
      const startedAt = performance.now();
      for (let step = 1; step <= steps; step++) await DBOS.runStep(async () => step, { name: `step ${step}` });
      return performance.now() - startedAt;
    },
    { name: "workflow" },
  );
  await DBOS.launch();
  return { run: (steps) => workflow(steps), close: () => DBOS.shutdown() };
}
