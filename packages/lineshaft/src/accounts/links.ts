/**
 * Links: tokens that are mailed, work once and for a while, and end when the account's address or password changes.
 */
import type { EngineRun } from "./engine.ts";
import { withEngine } from "./engine.ts";
import { newToken } from "./tokens.ts";

/** How long a link that confirms an address works. */
export const CONFIRM_DAYS = 1;
/** How long a link to a new password works. */
export const RESET_MINUTES = 60;
/** Unused links of one account at a time. More are not mailed, so nobody can be flooded. */
export const LINKS_MAX = 5;
/** Expired rows that are cleared away whenever one is added. */
const CLEARED_MAX = 20;

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

export type Purpose = "confirm-email" | "reset-password";

const LIFE_MS: Readonly<Record<Purpose, number>> = {
  "confirm-email": CONFIRM_DAYS * DAY_MS,
  "reset-password": RESET_MINUTES * MINUTE_MS,
};

export interface NewLink {
  readonly purpose: Purpose;
  /** `null` makes one that leads nowhere, for an address that nobody has: it takes as long. */
  readonly account: string | null;
  readonly value: string;
}

/** Makes a link's token; `null` when the account has enough of them. */
export async function makeLink(run: EngineRun, { purpose, account, value }: NewLink): Promise<string | null> {
  const { db, now } = run;
  const expired = db.selectFrom("verification").select("id").where("expiresAt", "<=", now).limit(CLEARED_MAX);
  await db.deleteFrom("verification").where("id", "in", expired.forUpdate().skipLocked()).execute();
  const { open } = await db
    .selectFrom("verification")
    .select((builder) => builder.fn.countAll().as("open"))
    .where("account", "=", account ?? crypto.randomUUID())
    .where("expiresAt", ">", now)
    .executeTakeFirstOrThrow();
  if (Number(open) >= LINKS_MAX) return null;
  const token = newToken();
  await withEngine(run, async (engine) => {
    const { internalAdapter } = await engine.$context;
    const expiresAt = new Date(Date.now() + LIFE_MS[purpose]);
    await internalAdapter.createVerificationValue({ identifier: `${purpose}:${token}`, value, account, expiresAt });
  });
  return token;
}

/** Uses a link up; `null` when it was used, has expired, or was never made. */
export async function useLink(run: EngineRun, purpose: Purpose, token: string) {
  const { value } = await withEngine(run, async (engine) => {
    const { internalAdapter } = await engine.$context;
    return internalAdapter.consumeVerificationValue(`${purpose}:${token}`);
  });
  return value;
}

/** Ends all links of an account. */
export async function endLinks({ db }: Pick<EngineRun, "db">, account: string): Promise<void> {
  await db.deleteFrom("verification").where("account", "=", account).execute();
}
