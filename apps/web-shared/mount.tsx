/** Puts a page into its document. Colours follow the system until somebody chooses. */
import { MantineProvider } from "@mantine/core";
import { type ReactNode, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { type AccountsClient, SessionProvider } from "./account/session.tsx";
import { Boundary } from "./parts/boundary.tsx";
import { Notices } from "./parts/notices.tsx";
import { theme, variables } from "./theme.ts";

export function mount(client: AccountsClient, page: ReactNode): void {
  createRoot(document.getElementById("root") as HTMLElement).render(
    <StrictMode>
      <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto">
        <Boundary>
          <SessionProvider client={client}>{page}</SessionProvider>
        </Boundary>
        <Notices />
      </MantineProvider>
    </StrictMode>,
  );
}
