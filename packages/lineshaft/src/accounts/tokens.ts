/**
 * Tokens: random texts that open something, and the hashes of them that are stored.
 *
 * A token has at least 190 bits of randomness, so a fast hash is enough: there is nothing to guess.
 */
import { hash, randomBytes } from "node:crypto";

const TOKEN_BYTES = 32;
/** Session tokens as the engine makes them. What looks otherwise is not looked up. */
const SESSION_TOKEN = /^[A-Za-z0-9]{32}$/;

/** What is stored of a token. */
export function tokenHash(token: string): string {
  return hash("sha256", token, "base64url");
}

/** A token for a link. */
export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString("base64url");
}

/** Whether a text can be a session token at all. */
export function isSessionToken(text: string): boolean {
  return SESSION_TOKEN.test(text);
}
