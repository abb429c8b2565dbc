/**
 * The chat's page.
 *
 * Model. The session (`apps/web-shared`) knows who is signed in, `route.ts` where the page is. `client.ts` is the API,
 * and all that is shown is subscribed to. `frame/` has what stands around a room; `room/room-context.tsx` a room, its
 * members and who is there; `history/history.ts` its messages as live pages; `compose/outbox.ts` what was written, and
 * is not among them yet.
 */
import "./styles.ts";
import { mount } from "lineshaft-web-shared/mount.tsx";
import { App } from "./app.tsx";
import { client } from "./client.ts";

mount(client, <App />);
