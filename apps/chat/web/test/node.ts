/** A node of the chat with its page, as a process that a test kills. Its environment tells it all. */
import { app } from "lineshaft";
import * as accounts from "lineshaft/accounts";
import * as chat from "../../index.ts";

const sites = { "/chat/": new URL("../built/", import.meta.url) };

await app({ title: "Chat", services: { accounts, chat }, sites }).run();
