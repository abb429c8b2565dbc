/**
 * The task manager's page.
 *
 * Model. The session (`apps/web-shared`) knows who is signed in, `route.ts` where the page is. `client.ts` is the API,
 * and all that is shown is subscribed to. `project/use-tasks.ts` has the tasks of a project, for board and list alike.
 * What the page may do is decided by the server: the page hides what would be refused, and shows refusals as they come.
 */
import "./styles.ts";
import { mount } from "lineshaft-web-shared/mount.tsx";
import { App } from "./app.tsx";
import { client } from "./client.ts";

mount(client, <App />);
