/** Live queries: subscribers that are told the newest answer after every change. Begin with `live.ts`. */
export type { Answer } from "./answer.ts";
export { ACTOR_SUBSCRIPTIONS_MAX, Live, type LiveOptions } from "./live.ts";
export { diff, type Json, type Operation } from "./patch.ts";
export type { Question } from "./question.ts";
export type { Beginning, Sink, Subscription } from "./subscription.ts";
