/** Failures as the page says them. */
import { Problem } from "@lineshaft/client";

/** Anything that was thrown, as a problem. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem({ title: "Something went wrong on this page", status: 0, code: "PAGE" }, { cause: error });
}

/** What is wrong with a field of the input: `fieldError(problem, "title")`. */
export function fieldError(problem: Problem | null, name: string): string | null {
  const pointer = `/${name}`;
  const found = problem?.errors.find((each) => each.pointer === pointer || each.pointer.startsWith(`${pointer}/`));
  return found === undefined ? null : sentence(found.detail);
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
