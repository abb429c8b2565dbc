/** Test kit: a whole app on a real Postgres, with a fresh database for every start. See test-app.ts. */
export type { Caller, NewAccount, Who } from "./actors.ts";
export { type Duration, TestClock } from "./clock.ts";
export { freePort } from "./free-port.ts";
export { type Found, POLL_MS_MAX, type PollOptions, poll } from "./poll.ts";
export { missing, TEST_SERVERS, type TestServer } from "./servers.ts";
export { startTestApp, type TestApp, type TestOptions } from "./test-app.ts";
