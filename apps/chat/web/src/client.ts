/**
 * The client of the API, typed by the services themselves: only types are imported, so no code of the server gets into
 * the bundle. All that the page shows is subscribed to (`useQuery`, `usePages`, `useWatched`), all it does is a call.
 */
import { type AnswerOf, createClient } from "@lineshaft/client";
import type * as accountsModule from "lineshaft/accounts";
import type * as chatModule from "../../index.ts";

export const client = createClient<{ accounts: typeof accountsModule; chat: typeof chatModule }>();
export const { chat } = client;

type Api = typeof chatModule;

/** One of the caller's rooms. */
export type OwnRoom = AnswerOf<Api["rooms"]>[number];
export type PublicRoom = AnswerOf<Api["publicRooms"]>["items"][number];
export type Room = AnswerOf<Api["room"]>;
export type Member = AnswerOf<Api["members"]>["items"][number];
export type Role = Member["role"];
export type Message = AnswerOf<Api["messages"]>["items"][number];
export type FoundMessage = AnswerOf<Api["search"]>["items"][number];
export type Attachment = AnswerOf<Api["attach"]>;
export type Invitation = AnswerOf<Api["invitations"]>[number];
