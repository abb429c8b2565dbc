/** `lineshaft start`: runs the app as `node app.ts` does, wherever its file is. */
import { findAppFile, runAppOf } from "./app-file.ts";
import { APP_OPTION, type Command } from "./command.ts";
import { endWithNpm } from "./npm-parent.ts";

export const start: Command = {
  name: "start",
  summary: "run the app",
  description:
    "Runs the app as this process. NODE_ENV=production applies committed migrations only; see\n" +
    "docs/operations.md for all settings.",
  options: { app: APP_OPTION },
  async run(call) {
    process.exitCode = 0;
    endWithNpm();
    await runAppOf(findAppFile(call), (app) => app.run());
    // A start that failed has said why and set the code; one that did not ends with the process.
    return process.exitCode || (await new Promise<never>(() => {}));
  },
};
