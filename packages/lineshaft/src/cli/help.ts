/** Help: made from the declarations of the commands. */
import { type Command, HELP_OPTION, type Option } from "./command.ts";
import { paint } from "./terminal.ts";

const usageOf = ({ name, words = [], more }: Command): string =>
  ["lineshaft", name, ...words.map((word) => `<${word}>`), ...(more ? [`[${more} …]`] : [])].join(" ");

function aligned(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n");
}

/** What `lineshaft help` says. */
export function overview(commands: readonly Command[]): string {
  const rows = commands.map((command) => [usageOf(command).slice("lineshaft ".length), command.summary] as const);
  return [
    "A backend platform for TypeScript on Postgres.",
    "",
    `${paint("bold", "Usage")}  lineshaft <command> [options]`,
    "",
    paint("bold", "Commands"),
    aligned(rows),
    "",
    `  ${"lineshaft help <command>"} says more. --version shows the version.`,
    "",
    "Exit codes: 0 done, 1 failed, 2 asked for wrongly.",
  ].join("\n");
}

/** What `lineshaft <command> --help` says. */
export function helpOf(command: Command): string {
  const options = { ...command.options, help: HELP_OPTION };
  const label = (name: string, { value, multiple }: Option) =>
    `--${name}${value === undefined ? "" : ` <${value}>`}${multiple ? " …" : ""}`;
  return [
    `${paint("bold", "Usage")}  ${usageOf(command)} [options]`,
    "",
    command.description,
    "",
    paint("bold", "Options"),
    aligned(Object.entries(options).map(([name, option]) => [label(name, option), option.summary] as const)),
  ].join("\n");
}
