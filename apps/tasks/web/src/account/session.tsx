/** Who is signed in. The cookie says so, which scripts cannot read: the server is asked. */
import { createContext, type ReactNode, use, useCallback, useEffect, useMemo, useState } from "react";
import { type Account, me, signOut } from "../api/accounts.ts";
import { whenSignedOut } from "../api/fetch.ts";
import { asProblem } from "../api/problem.ts";
import { tellFailed } from "../parts/notices.tsx";

type State =
  | { readonly is: "unknown" }
  | { readonly is: "failed"; readonly error: unknown }
  | { readonly is: "out" }
  | { readonly is: "in"; readonly account: Account };

interface Session {
  readonly state: State;
  readonly retry: () => void;
  readonly enter: (account: Account) => void;
  readonly leave: () => Promise<void>;
}

const SessionContext = createContext<Session | null>(null);

export function SessionProvider({ children }: { readonly children: ReactNode }) {
  const [state, setState] = useState<State>({ is: "unknown" });
  const ask = useCallback(async () => {
    try {
      setState({ is: "in", account: await me({}) });
    } catch (error) {
      setState(asProblem(error).code === "UNAUTHENTICATED" ? { is: "out" } : { is: "failed", error });
    }
  }, []);
  useEffect(() => {
    whenSignedOut(() => setState({ is: "out" }));
    void ask();
  }, [ask]);
  const session = useMemo<Session>(
    () => ({
      state,
      retry: () => void ask(),
      enter: (account) => setState({ is: "in", account }),
      async leave() {
        try {
          await signOut({});
          location.hash = "#/";
          setState({ is: "out" });
        } catch (error) {
          tellFailed("You could not be signed out", error);
        }
      },
    }),
    [state, ask],
  );
  return <SessionContext value={session}>{children}</SessionContext>;
}

export function useSession(): Session {
  const session = use(SessionContext);
  if (session === null) throw new Error("useSession is called outside SessionProvider.");
  return session;
}
