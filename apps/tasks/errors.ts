/** Expected failures of the task manager beyond the platform's own, and how a wrong field is told. */
import type { FaultOptions, FieldError } from "lineshaft";

export const PROJECT_ARCHIVED = {
  PROJECT_ARCHIVED: { status: 409, title: "The project is archived; nothing in it changes" },
} as const;

export const LIMIT_REACHED = {
  LIMIT_REACHED: { status: 409, title: "There are as many of these as there may be" },
} as const;

export const VERSION_CONFLICT = {
  VERSION_CONFLICT: { status: 409, title: "Somebody has changed it since that version" },
} as const;

/** Of commands that write into a project. */
export const WRITING = PROJECT_ARCHIVED;
/** Of commands that add something to a project. */
export const ADDING = { ...PROJECT_ARCHIVED, ...LIMIT_REACHED } as const;

/** Options of `fail("LIMIT_REACHED")`. */
export function limitOf(what: string, limit: number): FaultOptions {
  return { detail: `There can be at most ${limit} ${what}.`, facts: { limit } };
}

/** Options of `fail("INVALID_INPUT")` for one field. */
export function wrong(pointer: string, detail: string, part: FieldError["in"] = "body"): FaultOptions {
  return { detail: `${pointer} ${detail}`, errors: [{ in: part, pointer, rule: "value", detail }] };
}
