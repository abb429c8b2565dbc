/**
 * The session cookie: the token and its signature, so that a made-up cookie is refused without asking the database.
 *
 * Scripts cannot read it (`HttpOnly`), and other sites' pages do not bring it along, except when somebody follows a
 * link (`SameSite=Lax`). Over https it is `Secure` and named `__Host-…`, which no other host of the domain can set
 * (RFC 6265bis, section 4.1.3).
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { RequestFacts } from "../define/endpoint.ts";
import { cookiesOf } from "../serve/cookies.ts";
import { surroundings } from "./surroundings.ts";
import { isSessionToken } from "./tokens.ts";

const NAME = "lineshaft_session";
const ATTRIBUTES = "Path=/; HttpOnly; SameSite=Lax";

function isSecure(origin: string): boolean {
  return origin.startsWith("https:");
}

function nameFor(origin: string): string {
  return isSecure(origin) ? `__Host-${NAME}` : NAME;
}

function signature(token: string): Buffer {
  return createHmac("sha256", surroundings().cookieKey).update(token).digest();
}

/** The `Set-Cookie` that keeps a session in a browser. */
export function sessionCookie(token: string, origin: string, maxAgeSeconds: number): string {
  const value = `${token}.${signature(token).toString("base64url")}`;
  return `${nameFor(origin)}=${value}; Max-Age=${maxAgeSeconds}; ${ATTRIBUTES}${isSecure(origin) ? "; Secure" : ""}`;
}

/** The `Set-Cookie` that takes it away. */
export function clearedCookie(origin: string): string {
  return `${nameFor(origin)}=; Max-Age=0; ${ATTRIBUTES}${isSecure(origin) ? "; Secure" : ""}`;
}

/** The token in the cookie of a request; `null` when there is none that we have signed. */
export function tokenFromCookie({ headers, origin }: RequestFacts): string | null {
  const { cookie } = headers;
  if (typeof cookie !== "string" || !cookie.includes(NAME)) return null;
  const [token = "", signed = ""] = (cookiesOf(cookie)[nameFor(origin)] ?? "").split(".", 2);
  if (!isSessionToken(token)) return null;
  const given = Buffer.from(signed, "base64url");
  const expected = signature(token);
  return given.length === expected.length && timingSafeEqual(given, expected) ? token : null;
}
