/**
 * Who is signed in. The cookie says so, which scripts cannot read: the server is asked. Where nobody has signed in on
 * this page yet, it is not asked, because its refusal would look like a mistake of the page in the browser's log.
 */
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

/** Where it is noted that somebody has signed in on this page. */
const NOTE = "tasks.signed-in";

const SessionContext = createContext<Session | null>(null);

export function SessionProvider({ children }: { readonly children: ReactNode }) {
  const [state, setState] = useState<State>({ is: "unknown" });
  const ask = useCallback(async () => {
    if (localStorage.getItem(NOTE) === null) return setState({ is: "out" });
    try {
      setState({ is: "in", account: await me({}) });
    } catch (error) {
      setState(asProblem(error).code === "UNAUTHENTICATED" ? { is: "out" } : { is: "failed", error });
    }
  }, []);
  useEffect(() => {
    whenSignedOut(() => {
      localStorage.removeItem(NOTE);
      setState({ is: "out" });
    });
    void ask();
  }, [ask]);
  const session = useMemo<Session>(
    () => ({
      state,
      retry: () => void ask(),
      enter(account) {
        localStorage.setItem(NOTE, "yes");
        setState({ is: "in", account });
      },
      async leave() {
        try {
          await signOut({});
          localStorage.removeItem(NOTE);
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
