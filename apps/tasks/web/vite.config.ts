/** The build of the page. */

import { pageConfig } from "lineshaft-web-shared/vite.ts";
import { defineConfig } from "vite";

// biome-ignore lint/style/noDefaultExport: the bundler asks for it.
export default defineConfig(pageConfig("/tasks"));
