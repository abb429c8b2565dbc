/**
 * Calls of the API: same origin, JSON, the session cookie.
 *
 * Types come from the declarations of the endpoints themselves; only types are imported, so no code of the server gets
 * into the bundle. A read whose answer got lost is asked again once; a write never is, since it may have happened.
 */
import type { Endpoint, InputOf, ResultOf, Wire } from "lineshaft";
import { type Problem, problemOf, unreachable } from "./problem.ts";

/** What an endpoint takes, in JSON. */
export type Asked<TEndpoint> = TEndpoint extends Endpoint<infer TInput, infer _TOutput> ? InputOf<TInput> : never;
/** What an endpoint answers, in JSON. */
export type Answered<TEndpoint> =
  TEndpoint extends Endpoint<infer _TInput, infer TOutput> ? Wire<ResultOf<TOutput>> : never;

type Method = "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
type Values = Readonly<Record<string, unknown>>;

const READ_ATTEMPTS_MAX = 2;

let onSignedOut: () => void = () => {};

/** Is called when the server no longer knows the session. */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

/**
 * An endpoint as a function: `const signIn = endpoint<typeof accounts.signIn>("POST /accounts/sign-in")`. Values named
 * in the path go there, the others into the query or the body.
 *
 * @throws {Problem} for every failure.
 */
export function endpoint<TEndpoint>(
  route: `${Method} /${string}`,
): (input: Asked<TEndpoint>, signal?: AbortSignal) => Promise<Answered<TEndpoint>> {
  const [method, path] = route.split(" ") as [Method, string];
  return async (input, signal) => {
    const { url, rest } = fill(path, (input ?? {}) as Values);
    const isRead = method === "GET";
    const answer = await send(isRead ? `${url}${queryOf(rest)}` : url, {
      method,
      ...(signal === undefined ? {} : { signal }),
      ...(isRead ? {} : bodyOf(method, rest)),
    });
    if (!answer.ok) throw await refused(answer);
    return (answer.status === 204 ? undefined : await answer.json()) as Answered<TEndpoint>;
  };
}

function fill(path: string, values: Values): { readonly url: string; readonly rest: Values } {
  const rest = { ...values };
  const url = path.replace(/:(\w+)/g, (_, name: string) => {
    const value = String(rest[name]);
    delete rest[name];
    return encodeURIComponent(value);
  });
  return { url, rest };
}

function queryOf(values: Values): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    for (const each of [value].flat())
      if (each !== undefined && each !== null && each !== "") query.append(name, String(each));
  }
  return query.size === 0 ? "" : `?${query}`;
}

function bodyOf(method: Method, values: Values): RequestInit {
  if (Object.keys(values).length === 0 && method === "DELETE") return {};
  return { headers: { "content-type": "application/json" }, body: JSON.stringify(values) };
}

async function send(url: string, request: RequestInit): Promise<Response> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await fetch(url, request);
    } catch (error) {
      if (request.signal?.aborted) throw error;
      if (request.method !== "GET" || attempt === READ_ATTEMPTS_MAX) throw unreachable(error);
    }
  }
}

async function refused(answer: Response): Promise<Problem> {
  const problem = await problemOf(answer);
  if (problem.code === "UNAUTHENTICATED") onSignedOut();
  return problem;
}
