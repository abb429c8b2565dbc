/**
 * Output: turns what `run` gave into the bytes of the answer, by the declared shape and nothing else.
 *
 * What the shape does not name, and what is hidden, does not leave the process, whatever `run` returned. A value that
 * the shape requires and `run` did not give is a bug, shown as `INTERNAL`.
 */
import build from "fast-json-stringify";
import { schemaOf } from "../define/schema.ts";
import { type Schema, shapeKind } from "../define/shape.ts";

export interface CompiledOutput {
  readonly mediaType: string;
  readonly write: (result: unknown) => string;
}

/** Compiles the writer of an answer; `null` when there is none to write. */
export function compileOutput(output: Schema | null): CompiledOutput | null {
  if (output === null) return null;
  if (shapeKind(output) === "content") {
    return { mediaType: (output as unknown as { mediaType: string }).mediaType, write: String };
  }
  const schema = schemaOf(output, { dialect: "serialize", direction: "output" });
  const stringify = build(schema as never) as (value: unknown) => string;
  return { mediaType: "application/json", write: stringify };
}
