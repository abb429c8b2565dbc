/**
 * The task manager's page.
 *
 * Model. `session.tsx` knows who is signed in; `route.ts` where the page is; `client.ts` is the API, and all that is
 * shown is subscribed to. `project/use-tasks.ts` has the tasks of a project; board and list show the same ones. What
 * the page may do is decided by the server: the page hides what would be refused, and shows refusals as they come
 * (`parts/failure.tsx`). Colours follow the system until somebody chooses.
 */
import "./styles.ts";
import { MantineProvider } from "@mantine/core";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { Notices } from "./parts/notices.tsx";
import { theme, variables } from "./theme.ts";

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto">
      <App />
      <Notices />
    </MantineProvider>
  </StrictMode>,
);
