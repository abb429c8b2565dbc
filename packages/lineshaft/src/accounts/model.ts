/**
 * Tables of accounts. The names are ours; `engine.ts` maps those that better-auth uses to them.
 *
 * Nothing in them opens a door by itself: passwords are scrypt hashes, and of session tokens and of the tokens in
 * mailed links only SHA-256 hashes are kept, so a stolen copy of the database holds no token that works.
 */
import type { Transaction } from "kysely";
import { entity, type Tables } from "../define/entity.ts";
import { field } from "../define/field.ts";

/** Characters of the name that an account shows. */
export const NAME_CHARS_MAX = 100;
/** Characters kept of a `User-Agent`. */
export const AGENT_CHARS_MAX = 300;

/** Somebody who can sign in. Other services refer to it: `owner: field.ref(() => Account)`. */
export class Account extends entity("account", {
  id: field.id(),
  email: field.email().unique(),
  /** Whether its owner has followed a link that was mailed there. */
  emailVerified: field.boolean().default(false),
  name: field.text({ max: NAME_CHARS_MAX }).default(""),
  image: field.url().optional(),
  createdAt: field.now(),
  updatedAt: field.updated(),
}) {}

/** A way to prove who one is: a password, later perhaps a provider. */
export class Credential extends entity(
  "credential",
  {
    id: field.id(),
    account: field.ref(() => Account, { onDelete: "cascade" }),
    provider: field.text({ max: 100 }),
    issuer: field.text({ max: 300 }),
    subject: field.text({ max: 300 }),
    password: field.text({ max: 300 }).optional().hidden(),
    createdAt: field.now(),
    updatedAt: field.updated(),
  },
  { unique: [["issuer", "subject"]] },
) {}

/** One sign-in, until it ends. */
export class Session extends entity("session", {
  id: field.id(),
  account: field.ref(() => Account, { onDelete: "cascade" }),
  /** The hash of the token. */
  token: field.text({ max: 64 }).unique().hidden(),
  /** Where the sign-in came from. */
  address: field.text({ max: 64 }).optional(),
  agent: field.text({ max: AGENT_CHARS_MAX }).optional(),
  createdAt: field.now(),
  updatedAt: field.updated(),
  expiresAt: field.time(),
}) {}

/** What was mailed and waits for an answer. */
export class Verification extends entity("verification", {
  id: field.id(),
  /** The hash of purpose and token. */
  identifier: field.text({ max: 64 }).indexed().hidden(),
  /** What the token stands for. */
  value: field.text({ max: 1_000 }).hidden(),
  /** Whom it was mailed to. */
  account: field.ref(() => Account, { onDelete: "cascade" }).optional(),
  createdAt: field.now(),
  updatedAt: field.updated(),
  expiresAt: field.time().indexed(),
}) {}

/** Kysely over these tables, inside a call's transaction. */
export type AccountsDb = Transaction<Tables<typeof ENTITIES>>;

export const ENTITIES = { Account, Credential, Session, Verification };
