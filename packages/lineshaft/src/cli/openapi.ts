/** `lineshaft openapi`: the document that describes the app, as its `/openapi.json` answers it. */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { checkDeclarations } from "../define/check.ts";
import { collect } from "../define/declarations.ts";
import { openApiDocument } from "../serve/openapi.ts";
import { findAppFile, loadApp } from "./app-file.ts";
import { APP_OPTION, type Command, CommandError, EXIT, single } from "./command.ts";
import { note, sayJson } from "./terminal.ts";

export const openapi: Command = {
  name: "openapi",
  summary: "write the OpenAPI document",
  description: "Writes the OpenAPI 3.1 document of the app, to standard output or into a file. Starts nothing.",
  options: { app: APP_OPTION, out: { type: "string", value: "file", summary: "write into this file" } },
  async run(call) {
    const { options } = await loadApp(findAppFile(call));
    const declarations = collect(options.services);
    checkDeclarations(declarations, options.services);
    const { title = "Lineshaft app", version = "0.0.0", description } = options;
    const document = openApiDocument(declarations, { title, version, ...(description ? { description } : {}) });
    const out = single(call, "out");
    if (out === undefined) sayJson(document);
    else writeDocument(resolve(out), document);
    return EXIT.done;
  },
};

function writeDocument(path: string, document: object): void {
  try {
    writeFileSync(path, `${JSON.stringify(document, null, 2)}\n`);
  } catch (error) {
    throw new CommandError(`${path} cannot be written: ${String(error)}`);
  }
  note(`Wrote ${path}.`);
}
