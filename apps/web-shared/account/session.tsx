/**
 * Who is signed in. The cookie says so, which scripts cannot read: the server is asked, and tells when that ends,
 * wherever it was ended.
 */
import type { AnswerOf, Client } from "@lineshaft/client";
import { useQuery } from "@lineshaft/client/react";
import type * as accountsModule from "lineshaft/accounts";
import { createContext, type ReactNode, use, useMemo } from "react";
import { tellFailed } from "../parts/notices.tsx";

/** What a page's client needs to have. */
export type AccountsClient = Client<{ accounts: typeof accountsModule }>;
export type Account = AnswerOf<typeof accountsModule.me>;

type State =
  | { readonly is: "unknown" }
  | { readonly is: "failed"; readonly error: unknown }
  | { readonly is: "out" }
  | { readonly is: "in"; readonly account: Account };

interface Session {
  readonly state: State;
  readonly client: AccountsClient;
  /** Asks again who is signed in, and everything else. */
  readonly renew: () => void;
  readonly leave: () => Promise<void>;
}

const SessionContext = createContext<Session | null>(null);

const NOTHING = {};

interface Props {
  readonly client: AccountsClient;
  readonly children: ReactNode;
}

export function SessionProvider({ client, children }: Props) {
  const { data, problem } = useQuery(client.accounts.me, NOTHING);
  const session = useMemo<Session>(() => {
    const known: State = data ? { is: "in", account: data } : { is: "unknown" };
    const failed: State = problem?.code === "UNAUTHENTICATED" ? { is: "out" } : { is: "failed", error: problem };
    return { state: problem ? failed : known, client, renew: client.$restart, leave: () => leave(client) };
  }, [client, data, problem]);
  return <SessionContext value={session}>{children}</SessionContext>;
}

async function leave(client: AccountsClient): Promise<void> {
  try {
    await client.accounts.signOut({});
    location.hash = "#/";
    client.$restart();
  } catch (error) {
    tellFailed("You could not be signed out", error);
  }
}

export function useSession(): Session {
  const session = use(SessionContext);
  if (session === null) throw new Error("useSession is called outside SessionProvider.");
  return session;
}

/** The account that is signed in, for what is shown only then. */
export function useMe(): Account {
  const { state } = useSession();
  if (state.is !== "in") throw new Error("useMe is called where nobody is signed in.");
  return state.account;
}
