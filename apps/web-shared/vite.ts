/**
 * The build of a page: one script, one style sheet and the icon, named by their content.
 *
 * The page works below any path, since it names its files relatively, and under a policy without inline scripts. It is
 * committed, so the same sources must give the same bytes: nothing of the time or the machine goes in.
 */
import react from "@vitejs/plugin-react";
import type { UserConfig } from "vite";

/** Who answers while Vite serves the page. */
const SERVER = "http://127.0.0.1:4000";

/** @param prefix  Of the endpoints that the page uses, besides those of accounts: `/tasks`. */
export function pageConfig(prefix: string): UserConfig {
  return {
    base: "./",
    plugins: [react()],
    build: {
      outDir: "built",
      emptyOutDir: true,
      target: "es2022",
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      chunkSizeWarningLimit: 1_000,
    },
    server: {
      proxy: { "/accounts": SERVER, [prefix]: SERVER, "/lineshaft": SERVER, "/live": { target: SERVER, ws: true } },
    },
  };
}
