/**
 * Problem documents (RFC 9457): every failure that leaves the process passes here, and nothing else of it leaves.
 */
import { Fault, fault } from "../define/errors.ts";
import type { Problem, ProblemFormat, ServiceDefinition } from "../define/service.ts";

export const PROBLEM_MEDIA_TYPE = "application/problem+json";

/** Any thrown thing as a fault; what nobody expected becomes `INTERNAL`, with the error as its cause for the log. */
export function asFault(error: unknown): Fault {
  return error instanceof Fault ? error : fault("INTERNAL", { cause: error });
}

/** The body of an answer for a fault, in the format of the service that it belongs to. */
export function problemAnswer(shown: Fault, requestId: string, service: ServiceDefinition | null): ProblemFormat {
  const own = service?.options.problem;
  if (own) {
    const formatted = own(problemOf(shown));
    return { mediaType: "application/json", ...formatted };
  }
  const body = {
    type: `urn:lineshaft:problem:${shown.code}`,
    title: shown.title,
    status: shown.status,
    code: shown.code,
    ...(shown.detail ? { detail: shown.detail } : {}),
    ...(shown.errors && shown.errors.length > 0 ? { errors: shown.errors } : {}),
    ...shown.facts,
    requestId,
  };
  return { status: shown.status, body, mediaType: PROBLEM_MEDIA_TYPE };
}

/** A fault as a service's own format sees it. */
export function problemOf(shown: Fault): Problem {
  const { code, status, title, detail, errors = [], facts = {} } = shown;
  return { code, status, title, detail, errors, facts };
}
