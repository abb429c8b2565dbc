/**
 * Engine: better-auth, set up for our tables, our clock and our logs.
 *
 * It gives the flows of e-mail and password, the hashing (scrypt with N = 2^14, r = 16, p = 1: 32 MiB and some 60 ms
 * for each), and the tokens. Around it are our own endpoints, so that accounts have the validation, problem documents,
 * documentation and limits of everything else; its routes, cookies, mails, limits and migrations are not used.
 *
 * It is loaded at the first sign-up or sign-in: that takes 0.2 s once and 40 MB of memory, which a process that only
 * checks tokens does not pay. Nothing of it reads the environment for a secret, calls home, or writes to a console.
 */
import type { RequestFacts } from "../define/endpoint.ts";
import { type EngineCall, engineAdapter, engineCall, engineCalls, valueIn, valueOut } from "./adapter.ts";
import { type AccountsDb, AGENT_CHARS_MAX } from "./model.ts";
import { type Prepared, surroundings } from "./surroundings.ts";

/** How long a session lasts; it is not prolonged, so no read has to write. */
export const SESSION_SECONDS = 30 * 24 * 3_600;
/** UTF-16 units, which the engine counts: twice the code points that our own check lets pass. */
const PASSWORD_UNITS_MAX = 256;

interface NewVerification {
  readonly identifier: string;
  readonly value: string;
  readonly account: string | null;
  readonly expiresAt: Date;
}

/** The part of better-auth that we use, in our own words: its types cost every type check more than they give. */
interface Engine {
  readonly api: {
    signUpEmail(input: { body: { email: string; password: string; name: string } }): Promise<{ user: { id: string } }>;
    signInEmail(input: { body: { email: string; password: string } }): Promise<{ user: { id: string } }>;
    resetPassword(input: { body: { token: string; newPassword: string } }): Promise<unknown>;
  };
  readonly $context: Promise<{
    readonly internalAdapter: {
      findCredentialAccount(account: string): Promise<{ readonly password?: string | null } | null>;
      updatePassword(account: string, hash: string): Promise<void>;
      createVerificationValue(row: NewVerification): Promise<unknown>;
      consumeVerificationValue(
        identifier: string,
      ): Promise<{ readonly value: string; readonly account: string | null } | null>;
    };
  }>;
}

export interface Passwords {
  hash(password: string): Promise<string>;
  verify(input: { readonly hash: string; readonly password: string }): Promise<boolean>;
}

let made: { readonly from: Prepared; readonly engine: Promise<Engine> } | null = null;

/** The engine of the running app. */
function engine(): Promise<Engine> {
  const from = surroundings();
  if (made?.from !== from) made = { from, engine: makeEngine(from) };
  return made.engine;
}

/** Hashes and checks passwords. */
export async function passwords(): Promise<Passwords> {
  const { hashPassword, verifyPassword } = await import("better-auth/crypto");
  return { hash: hashPassword, verify: verifyPassword };
}

async function makeEngine(from: Prepared): Promise<Engine> {
  const [{ betterAuth }, { createAdapterFactory }, { hash, verify }] = await Promise.all([
    import("better-auth/minimal"),
    import("better-auth/adapters"),
    passwords(),
  ]);
  const config = {
    adapterId: "lineshaft",
    supportsUUIDs: true,
    customTransformInput: valueIn,
    customTransformOutput: valueOut,
  };
  const database = createAdapterFactory({ config, adapter: () => engineAdapter } as never);
  const options = {
    database,
    secret: from.engineSecret,
    // Without these two it would look for them in the environment.
    secrets: [{ version: 1, value: from.engineSecret }],
    baseURL: from.origin(),
    telemetry: { enabled: false },
    rateLimit: { enabled: false },
    // Its messages name addresses and hold driver errors; failures that matter reach our own log as faults.
    logger: {
      level: "warn",
      disableColors: true,
      log: (level: string, message: string) => from.log.debug({ engine: "better-auth", severity: level }, message),
    },
    advanced: { database: { generateId: false, joins: true } },
    emailAndPassword: {
      enabled: true,
      minPasswordLength: 1,
      maxPasswordLength: PASSWORD_UNITS_MAX,
      revokeSessionsOnPasswordReset: true,
      onPasswordReset: async ({ user }: { user: { id: string } }) => {
        engineCall().account = user.id;
      },
      password: { hash: async (password: string) => engineCall().passwordHash ?? hash(password), verify },
    },
    session: { expiresIn: SESSION_SECONDS, fields: { userId: "account", ipAddress: "address", userAgent: "agent" } },
    account: { fields: { userId: "account", accountId: "subject", providerId: "provider" } },
    verification: {
      storeIdentifier: "hashed",
      disableCleanup: true,
      additionalFields: { account: { type: "string", required: false } },
    },
    databaseHooks: {
      session: { create: { before: async (session: object) => ({ data: { ...session, ...origins() } }) } },
    },
  };
  return betterAuth(options as never) as unknown as Engine;
}

/** Where a session comes from; an address that a proxy tells can be any text. */
function origins(): { ipAddress: string; userAgent: string | null } {
  const { address, agent } = engineCall();
  return { ipAddress: address, userAgent: agent };
}

/** What the engine needs of a run. */
export interface EngineRun {
  readonly db: AccountsDb;
  readonly now: Date;
  readonly request: RequestFacts;
}

/** What the engine refuses, by its own code. Anything else that it throws is a bug or a failed statement. */
export class EngineRefusal extends Error {
  override readonly name = "EngineRefusal";
  readonly code: string;

  constructor(code: string) {
    super(`The accounts engine refuses: ${code}.`);
    this.code = code;
  }
}

/**
 * Lets the engine work inside a run.
 *
 * @throws {EngineRefusal} with the engine's code; statements that fail throw what they failed with.
 */
export async function withEngine<T>(
  { db, now, request }: EngineRun,
  work: (engine: Engine) => Promise<T>,
  options: { readonly passwordHash?: string } = {},
): Promise<{ readonly value: T } & Pick<EngineCall, "sessionToken" | "account">> {
  const ready = await engine();
  const agent = request.headers["user-agent"];
  const call: EngineCall = {
    db,
    nowMs: now.getTime(),
    startedMs: Date.now(),
    address: request.address.slice(0, 64),
    agent: typeof agent === "string" ? agent.slice(0, AGENT_CHARS_MAX) : null,
    passwordHash: options.passwordHash ?? null,
    sessionToken: null,
    account: null,
    failure: null,
  };
  try {
    const value = await engineCalls.run(call, () => work(ready));
    return { value, sessionToken: call.sessionToken, account: call.account };
  } catch (error) {
    if (call.failure !== null) throw call.failure;
    const code = (error as { body?: { code?: unknown } }).body?.code;
    throw typeof code === "string" ? new EngineRefusal(code) : error;
  }
}
