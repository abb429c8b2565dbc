/** Canaries: breaks on purpose, one for each check, that it must find; or the check is blind. */
import type { Database } from "../database.ts";
import type { ChatStage } from "./breaks.ts";
import { clientOf } from "./person.ts";

export interface ChatCanary {
  /** The check that must find it. */
  readonly check: string;
  readonly what: string;
  /** Done before things break. Without one, the crew itself reads the name of the canary. */
  readonly before?: (stage: ChatStage) => Promise<() => void>;
  /** Done before the state is read. */
  readonly after?: (database: Database) => Promise<unknown>;
}

/** One message that nobody has touched, in the middle of each room. */
const ONE = `(room, number) in (select room, max(number) / 2 from chat.message group by room)`;

export const CHAT_CANARIES: Readonly<Record<string, ChatCanary>> = {
  acknowledged: {
    check: "acknowledged",
    what: "messages are deleted by hand",
    after: (database) => database.ask(`delete from chat.message where ${ONE}`),
  },
  numbers: {
    check: "numbers",
    what: "rooms say that they have one message more",
    after: (database) => database.ask('update chat.room set "lastNumber" = "lastNumber" + 1'),
  },
  acts: {
    check: "acts",
    what: "texts are changed by hand",
    after: (database) => database.ask(`update chat.message set text = 'x' || text where "deletedAt" is null`),
  },
  histories: { check: "histories", what: "a client does not listen" },
  order: { check: "order", what: "a client is shown the page before again" },
  unread: { check: "unread", what: "a client keeps its first list of rooms" },
  kicked: { check: "kicked", what: "who is put out is left in" },
  said: { check: "said", what: "a client hears each message twice" },
  presence: {
    check: "presence",
    what: "somebody whom nobody knows joins",
    before: async ({ nodes, crew }) => {
      const client = clientOf(nodes[0]!.url, crew.ownerToken);
      client.chat.roomChannel.join({ room: crew.rooms[0]! }, { state: {}, onProblem: () => {} });
      return () => client.$close();
    },
  },
  ended: {
    check: "ended",
    what: "somebody is signed out",
    before: async ({ crew }) => {
      await crew.people[0]!.client.accounts.signOut({});
      return () => {};
    },
  },
  nodes: {
    check: "nodes",
    what: "a node ends although no fault has ended it",
    before: async ({ nodes }) => {
      await nodes[0]!.kill("SIGKILL");
      return () => {};
    },
  },
};
