/**
 * Formats: when a text is a UUID, an instant, a day, a URL, an e-mail address or a 64-bit number.
 *
 * They accept just what the database stores and gives back as the same value, and are registered under names of our
 * own, so that another user of the validator in the same process keeps its formats.
 */
import { Format } from "typebox/format";
import { BIGINT_MAX, BIGINT_MIN } from "../define/field.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
// RFC 3339, with seconds and an offset; years 0001 to 9999.
const TIME = /^(?!0000)\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;
const DAY = /^(?!0000)\d{4}-\d\d-\d\d$/;
// HTML's pattern for e-mail inputs, with a dot in the domain and no label over 63 characters.
const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const EMAIL = new RegExp(`^[a-z0-9.!#$%&'*+/=?^_\`{|}~-]{1,64}@${LABEL}(?:\\.${LABEL})+$`, "i");
const WHOLE = /^-?(0|[1-9]\d{0,18})$/;

/** Whether the calendar has this day: `2026-02-30` does not survive a round trip. */
function isDay(text: string): boolean {
  if (!DAY.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

function isUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:\/\//i.test(text) && !/[\s\u0000-\u001f\u007f\\]/.test(text);
}

function isBigint(text: string): boolean {
  if (!WHOLE.test(text)) return false;
  const value = BigInt(text);
  return value >= BIGINT_MIN && value <= BIGINT_MAX;
}

function isInstant(text: string): boolean {
  if (!TIME.test(text) || !isDay(text.slice(0, 10))) return false;
  const instant = new Date(text);
  // An offset can move the edges out of the years that four digits can say.
  return !Number.isNaN(instant.getTime()) && instant.getUTCFullYear() >= 1 && instant.getUTCFullYear() <= 9999;
}

/** Checks by the name of the format. */
export const FORMAT_CHECKS: Readonly<Record<string, (text: string) => boolean>> = {
  "lineshaft-uuid": (text) => UUID.test(text),
  "lineshaft-date-time": isInstant,
  "lineshaft-date": isDay,
  "lineshaft-uri": isUrl,
  "lineshaft-email": (text) => EMAIL.test(text),
  "lineshaft-bigint": isBigint,
};

/** Makes the validator know our formats. Done once per process, when the first input is compiled. */
export function registerFormats(): void {
  for (const [name, check] of Object.entries(FORMAT_CHECKS)) if (!Format.Has(name)) Format.Set(name, check);
}

/** What a text in one of our formats is, for messages. */
export const FORMAT_WORDS: Readonly<Record<string, string>> = {
  "lineshaft-uuid": "a UUID such as 01976a0e-0000-7000-8000-000000000000",
  "lineshaft-date-time": "an instant such as 2026-11-20T12:00:00Z",
  "lineshaft-date": "a day of the calendar such as 2026-11-20",
  "lineshaft-uri": "an absolute http or https URL",
  "lineshaft-email": "an e-mail address",
  "lineshaft-bigint": "a whole number of 64 bits, as a string",
};
