/** The public face of the platform: what an app imports. */

export type { ExpressionBuilder, RawBuilder, SelectQueryBuilder, Transaction } from "kysely";
export { sql } from "kysely";
export { type App, app } from "./app/app.ts";
export type { CallAs } from "./app/call-as.ts";
export { SettingsError } from "./app/settings.ts";
export type { AppOptions, RunningApp, StartOptions } from "./app/start.ts";
export { matches, rank } from "./data/search.ts";
export type { AccountActor, Actor, ActorRule, Nobody } from "./define/actor.ts";
export type { Broadcast, Channel, ChannelOptions, Messages } from "./define/channel.ts";
export type {
  Call,
  Command,
  Context,
  Definition,
  Endpoint,
  Fail,
  Isolation,
  Limit,
  Log,
  Query,
  Rate,
  Reply,
  RequestFacts,
  RouteInput,
} from "./define/endpoint.ts";
export { type AnyEntity, type Entity, type EntityOptions, entity, type Index, type Tables } from "./define/entity.ts";
export {
  DeclarationError,
  ERRORS,
  type ErrorCode,
  Fault,
  type FaultOptions,
  type FieldError,
  type StandardCode,
} from "./define/errors.ts";
export type {
  BatchContext,
  Cancel,
  Emit,
  Event,
  EventOptions,
  Handler,
  HandlerContext,
  HandlerOptions,
  Happened,
  MachineContext,
  MachineOptions,
  RunAt,
  RunAtOptions,
  Schedule,
  ScheduleContext,
  ScheduleOptions,
  Step,
  StepTools,
} from "./define/event.ts";
export { type Field, type Fields, field, type Mode, type Money, type OnDelete, type Shaped } from "./define/field.ts";
export { type Download, type DownloadedFile, download, type Upload, type UploadedFile } from "./define/file.ts";
export {
  type CorsRule,
  type Problem,
  type ProblemFormat,
  type Service,
  type ServiceOptions,
  service,
} from "./define/service.ts";
export {
  type Content,
  content,
  type InputOf,
  type List,
  list,
  type Nothing,
  type Nullable,
  nullable,
  type PayloadOf,
  page,
  type ResultOf,
  type Row,
  type Schema,
  type Schemas,
  type ValueOf,
  type Wire,
} from "./define/shape.ts";
export type { Every, When } from "./define/when.ts";
export {
  EmbeddedPostgresError,
  type EmbeddedPostgresErrorCode,
  POSTGRES_ERRORS,
} from "./engines/postgres-embedded/errors.ts";
export { MIGRATION_ERRORS, MigrationError, type MigrationErrorCode } from "./migrate/errors.ts";
export { ListenError } from "./serve/server.ts";
