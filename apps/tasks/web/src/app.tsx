/** Which page is shown: the one to sign in on, the list of projects, or a project. */
import { Gate } from "lineshaft-web-shared/account/gate.tsx";
import { Shell } from "./account/shell.tsx";
import { Brand } from "./parts/brand.tsx";
import { ProjectPage } from "./project/project-page.tsx";
import { ProjectsPage } from "./project/projects-page.tsx";
import { usePlace } from "./route.ts";

const ENTRANCE = {
  brand: <Brand size="lg" />,
  purpose: "Boards and lists for your team’s work.",
  invitation: "One account for all your projects.",
};

export function App() {
  const place = usePlace();
  return (
    <Gate entrance={ENTRANCE}>
      {({ id }) => (
        <Shell key={id}>
          {place.at === "project" ? <ProjectPage key={place.project} place={place} /> : <ProjectsPage />}
        </Shell>
      )}
    </Gate>
  );
}
