/** What stands before a page: signing in, for who is not. */
import type { ReactNode } from "react";
import { Failure, Waiting } from "../parts/failure.tsx";
import { type Account, useSession } from "./session.tsx";
import { type Entrance, SignIn } from "./sign-in.tsx";

interface Props {
  readonly entrance: Entrance;
  readonly children: (account: Account) => ReactNode;
}

export function Gate({ entrance, children }: Props) {
  const { state, renew } = useSession();
  if (state.is === "unknown") return <Waiting what="Loading" />;
  if (state.is === "failed") {
    return (
      <main className="narrow">
        <Failure error={state.error} onRetry={renew} />
      </main>
    );
  }
  return state.is === "out" ? <SignIn entrance={entrance} /> : children(state.account);
}
