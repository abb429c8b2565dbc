/**
 * Who is signed in. The cookie says so, which scripts cannot read: the server is asked, and tells when that ends,
 * wherever it was ended.
 */
import { useQuery } from "@lineshaft/client/react";
import { createContext, type ReactNode, use, useMemo } from "react";
import { type Account, accounts, client } from "../client.ts";
import { tellFailed } from "../parts/notices.tsx";

type State =
  | { readonly is: "unknown" }
  | { readonly is: "failed"; readonly error: unknown }
  | { readonly is: "out" }
  | { readonly is: "in"; readonly account: Account };

interface Session {
  readonly state: State;
  /** Asks again who is signed in, and everything else. */
  readonly renew: () => void;
  readonly leave: () => Promise<void>;
}

const SessionContext = createContext<Session | null>(null);

const NOTHING = {};

export function SessionProvider({ children }: { readonly children: ReactNode }) {
  const { data, problem } = useQuery(accounts.me, NOTHING);
  const session = useMemo<Session>(() => {
    const known: State = data ? { is: "in", account: data } : { is: "unknown" };
    const failed: State = problem?.code === "UNAUTHENTICATED" ? { is: "out" } : { is: "failed", error: problem };
    return { state: problem ? failed : known, renew: client.$restart, leave };
  }, [data, problem]);
  return <SessionContext value={session}>{children}</SessionContext>;
}

async function leave(): Promise<void> {
  try {
    await accounts.signOut({});
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
