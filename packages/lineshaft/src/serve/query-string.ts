/**
 * Query strings: names and values, decoded strictly.
 *
 * Common parsers repair what is not UTF-8; a changed value would then be stored without a word. This one refuses.
 */
import { fault } from "../define/errors.ts";

/** Parameters in one query string. */
export const QUERY_PARAMETERS_MAX = 200;

/** The values of every name, in order. */
export type Parameters = ReadonlyMap<string, readonly string[]>;

const NONE: Parameters = new Map();

/** @throws {Fault} INVALID_ENCODING for broken percent-encoding; INVALID_REQUEST for too many parameters. */
export function parseQueryString(text: string): Parameters {
  if (text === "") return NONE;
  const parameters = new Map<string, string[]>();
  const pairs = text.split("&");
  if (pairs.length > QUERY_PARAMETERS_MAX) {
    throw fault("INVALID_REQUEST", {
      detail: `The query string has ${pairs.length} parameters; the limit is ${QUERY_PARAMETERS_MAX}.`,
    });
  }
  for (const pair of pairs) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? "" : decode(pair.slice(equals + 1));
    const values = parameters.get(name);
    if (values) values.push(value);
    else parameters.set(name, [value]);
  }
  return parameters;
}

function decode(text: string): string {
  if (!/[%+]/.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw fault("INVALID_ENCODING", {
      detail: `The query string holds "${text.slice(0, 80)}", which is not percent-encoded UTF-8.`,
    });
  }
}
