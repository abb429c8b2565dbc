#!/usr/bin/env node
/**
 * The command behind `npm create lineshaft`. Exit codes: 0 done, 1 failed, 2 asked for wrongly. Looks at the runtime
 * first: a project that was made by an old one could not run with it.
 */
const NODE_MAJOR_MIN = 24;

if (Number.parseInt(process.versions.node, 10) < NODE_MAJOR_MIN) {
  process.stderr.write(
    `A Lineshaft project needs Node ${NODE_MAJOR_MIN} or newer; this is ${process.versions.node}.\n`,
  );
  process.exit(1);
}
const { CreateError, create, HELP, install, readArguments, UsageError, version } = await import("./create.ts");

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
