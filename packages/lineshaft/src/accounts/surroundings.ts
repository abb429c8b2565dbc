/**
 * Surroundings: what the running app tells accounts at its start, and the keys made from its secret.
 *
 * One app with accounts runs in a process at a time; of several that were started, the last one counts.
 */
import { createSecretKey, hkdfSync, type KeyObject } from "node:crypto";
import type { Surroundings } from "../define/service.ts";

/** Bytes of every derived key. */
const KEY_BYTES = 32;

export interface Prepared extends Surroundings {
  /** Signs cookies. A `KeyObject`, because an HMAC with plain bytes makes one at every call. */
  readonly cookieKey: KeyObject;
  /** The secret of the engine; another one than ours, so that neither opens what the other has sealed. */
  readonly engineSecret: string;
}

let prepared: Prepared | null = null;

function derived(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "lineshaft accounts", purpose, KEY_BYTES));
}

/** Takes what the app tells. Called once at its start. */
export function prepare(surroundings: Surroundings): void {
  prepared = {
    ...surroundings,
    cookieKey: createSecretKey(derived(surroundings.secret, "session cookie")),
    engineSecret: derived(surroundings.secret, "better-auth").toString("base64url"),
  };
}

/** What the app told. */
export function surroundings(): Prepared {
  if (!prepared)
    throw new Error("Accounts are used before the app has started: put the service in the app's `services`.");
  return prepared;
}
