/** The typed client of a Lineshaft app. See client.ts. */
export type { Member, MembershipState } from "./channel.ts";
export { type ClientOptions, createClient } from "./client.ts";
export type { CallOptions, Credentials, Token } from "./http.ts";
export type { ConnectionState, Watched } from "./live.ts";
export { type Page, type PagedQuery, type Pages, watchPages } from "./pages.ts";
export { CLIENT_CODES, type FieldError, Problem, type ProblemDocument } from "./problem.ts";
export type { State } from "./question.ts";
export type { ChannelRoute, Route, RouteTable } from "./routes.ts";
export type {
  AnswerOf,
  AskedOf,
  ChannelClient,
  Client,
  CommandClient,
  CommandOptions,
  DownloadClient,
  EndpointClient,
  Guess,
  JoinOptions,
  Membership,
  MessageOf,
  QueryClient,
  ServiceClient,
  SubscribeOptions,
  UploadClient,
  UploadOptions,
} from "./types.ts";
