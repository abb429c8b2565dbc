/** Which page is shown: the one to sign in on, the list of projects, or a project. */

import { SessionProvider, useSession } from "./account/session.tsx";
import { Shell } from "./account/shell.tsx";
import { SignIn } from "./account/sign-in.tsx";
import { Failure, Waiting } from "./parts/failure.tsx";
import { ProjectPage } from "./project/project-page.tsx";
import { ProjectsPage } from "./project/projects-page.tsx";
import { usePlace } from "./route.ts";

export function App() {
  return (
    <SessionProvider>
      <Pages />
    </SessionProvider>
  );
}

function Pages() {
  const { state, renew } = useSession();
  const place = usePlace();
  if (state.is === "unknown") return <Waiting what="Loading" />;
  if (state.is === "failed") {
    return (
      <main className="narrow">
        <Failure error={state.error} onRetry={renew} />
      </main>
    );
  }
  if (state.is === "out") return <SignIn />;
  return (
    <Shell key={state.account.id} account={state.account}>
      {place.at === "project" ? <ProjectPage key={place.project} place={place} /> : <ProjectsPage />}
    </Shell>
  );
}
