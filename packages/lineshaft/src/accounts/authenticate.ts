/**
 * Who calls: from `Authorization: Bearer …` (or `Token …`, as some clients write it), else from the session cookie.
 *
 * One statement, no write. A request without a token that could be one costs no statement.
 */
import { CompiledQuery } from "kysely";
import { type AccountActor, NOBODY } from "../define/actor.ts";
import type { RequestFacts } from "../define/endpoint.ts";
import type { Authenticate, Recognized } from "../define/service.ts";
import { tokenFromCookie } from "./cookie.ts";
import { isSessionToken, tokenHash } from "./tokens.ts";

const AUTHORIZATION = /^(?:bearer|token) +(\S+) *$/i;

/** Text, not a builder: it runs before every call of a signed-in caller. */
const WHO = `
  select session.id as session, account.id, account.email, account."emailVerified", session."expiresAt"
    from session join account on account.id = session.account
   where session.token = $1 and session."expiresAt" > $2`;

type Row = Omit<AccountActor, "kind"> & { readonly expiresAt: Date };

const UNKNOWN: Recognized = Object.freeze({ actor: NOBODY, until: null });

/** The token that a request brings. A header of another scheme, for a proxy in front of us, is not ours. */
function tokenOf(request: RequestFacts): string | null {
  const { authorization } = request.headers;
  const given = typeof authorization === "string" ? AUTHORIZATION.exec(authorization)?.[1] : undefined;
  if (given === undefined) return tokenFromCookie(request);
  return isSessionToken(given) ? given : null;
}

export const authenticate: Authenticate = async ({ db, request, now }) => {
  const token = tokenOf(request);
  if (token === null) return UNKNOWN;
  const { rows } = await db.executeQuery(CompiledQuery.raw(WHO, [tokenHash(token), now]));
  const [row] = rows as Row[];
  if (!row) return UNKNOWN;
  const { expiresAt, ...account } = row;
  return { actor: { kind: "account", ...account }, until: expiresAt };
};
