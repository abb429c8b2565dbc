#!/usr/bin/env node
/** The command behind `npm create lineshaft`. Exit codes: 0 done, 1 failed, 2 asked for wrongly. */
import { CreateError, create, HELP, install, readArguments, UsageError, version } from "./create.ts";

try {
  const { folder, flags } = readArguments(process.argv.slice(2));
  if (flags.has("help")) process.stdout.write(HELP);
  else if (flags.has("version")) process.stdout.write(`${version()}\n`);
  else {
    const manager = install.manager();
    const project = create(folder);
    process.stdout.write(`Made ${project.name} in ${project.folder}\n`);
    if (flags.has("install")) await install.run(manager, project.folder);
    process.stdout.write(project.next(manager, flags.has("install")));
  }
} catch (error) {
  if (!(error instanceof UsageError) && !(error instanceof CreateError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
