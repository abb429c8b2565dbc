/** The service that keeps accounts and tells who calls. */
import { service } from "../define/service.ts";
import { authenticate } from "./authenticate.ts";
import { ENTITIES } from "./model.ts";
import { prepare } from "./surroundings.ts";

/** The service `accounts`. An app that names this module in its `services` has it. */
export const accounts = service("accounts", {
  entities: ENTITIES,
  prefix: "/accounts",
  description: "Accounts: sign up, sign in, sessions, e-mail addresses and passwords.",
  authenticate,
  prepare,
});
