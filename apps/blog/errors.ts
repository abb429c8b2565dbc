/**
 * Failures as RealWorld's front ends show them: `{"errors": {"<field>": ["<message>"]}}`.
 *
 * What is missing, forbidden or not found goes under the name of the resource; what is wrong with the input under the
 * name of its field, without the objects around it: `/article/title` is `title`.
 */
import type { Problem, ProblemFormat } from "lineshaft";

type FieldErrors = Problem["errors"];

/** What the contract calls a resource in its error bodies. */
export type Resource = "article" | "profile" | "comment";

/** Options of `fail` that say which resource it is about. */
export function about(resource: Resource): { readonly facts: { readonly resource: Resource } } {
  return { facts: { resource } };
}

/** Options of `fail("INVALID_INPUT")` for one field. */
export function wrong(name: string, detail: string): { readonly errors: FieldErrors } {
  return { errors: [{ in: "body", pointer: `/${name}`, rule: "value", detail }] };
}

/** The format of the whole service. */
export function blogProblem(problem: Problem): ProblemFormat {
  return { status: problem.status, body: { errors: messagesOf(problem) } };
}

function messagesOf({ code, title, detail, errors, facts }: Problem): Record<string, string[]> {
  const resource = String(facts.resource ?? "resource");
  switch (code) {
    case "UNAUTHENTICATED":
      return { token: [facts.credentials === "invalid" ? "is invalid" : "is missing"] };
    case "INVALID_CREDENTIALS":
      return { credentials: ["invalid"] };
    case "FORBIDDEN":
      return { [resource]: ["forbidden"] };
    case "NOT_FOUND":
      return { [resource]: ["not found"] };
    case "ALREADY_EXISTS":
      return byField(errors, () => "has already been taken");
    case "INVALID_INPUT":
      return errors.length > 0 ? byField(errors, messageOf) : { body: [detail ?? title] };
    default:
      return { request: [detail ?? title] };
  }
}

function byField(errors: FieldErrors, message: (error: FieldErrors[number]) => string): Record<string, string[]> {
  const messages: Record<string, string[]> = {};
  for (const error of errors) {
    const name = fieldOf(error.pointer) || error.in;
    const list = (messages[name] ??= []);
    const text = message(error);
    if (!list.includes(text)) list.push(text);
  }
  // That a blank text is also too short, or no e-mail address, tells nobody more.
  for (const [name, list] of Object.entries(messages)) if (list.includes(BLANK)) messages[name] = [BLANK];
  return messages;
}

const BLANK = "can't be blank";

/** `pattern` is only ever asked of texts that must not be blank. */
function messageOf({ rule, detail }: FieldErrors[number]): string {
  return rule === "required" || rule === "pattern" || detail.endsWith(", not null") ? BLANK : detail;
}

/** The last name in a pointer; numbers are places in a list. */
function fieldOf(pointer: string): string {
  const names = pointer.split("/").filter((part) => part !== "" && !/^\d+$/.test(part));
  return names.at(-1) ?? "";
}
