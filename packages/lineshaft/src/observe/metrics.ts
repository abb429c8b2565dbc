/**
 * Metrics: what every node counts, in Prometheus' terms, one registry per app and nothing global.
 *
 * The names are API: renamed never, documented in `docs/operations.md`. To add one: a row here, its help text says the
 * unit.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { RequestFigures } from "./request-figures.ts";

/** Bounds of the latency histograms, in seconds. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** All metrics of one app. */
export type Metrics = ReturnType<typeof createMetrics>;

/** A new registry with the platform's metrics. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    requests: new RequestFigures(registry, SECONDS),
    openConnections: new Gauge({ name: "lineshaft_http_connections", help: "Open sockets", registers }),
    conflicts: new Counter({
      name: "lineshaft_command_conflicts_total",
      help: "Serialization conflicts and deadlocks, by whether the command was tried again",
      labelNames: ["endpoint", "outcome"],
      registers,
    }),
    statements: new Counter({ name: "lineshaft_statements_total", help: "Statements sent to the database", registers }),
    poolConnections: new Gauge({
      name: "lineshaft_database_connections",
      help: "Database connections by state",
      labelNames: ["state"],
      registers,
    }),
    poolWaiting: new Gauge({ name: "lineshaft_database_waiting", help: "Calls that wait for a connection", registers }),
    databaseUp: new Gauge({ name: "lineshaft_database_up", help: "1 when the database answers", registers }),
    faults: new Counter({
      name: "lineshaft_faults_total",
      help: "Failures shown to callers, by code",
      labelNames: ["code"],
      registers,
    }),
    mails: new Counter({ name: "lineshaft_mails_total", help: "Mails by outcome", labelNames: ["outcome"], registers }),
    ...fileMetrics(registers),
    ...relayMetrics(registers),
    ...cacheMetrics(registers),
    ...liveMetrics(registers),
    ...channelMetrics(registers),
    ...handleMetrics(registers),
  };
}

function fileMetrics(registers: Registry[]) {
  return {
    fileBytes: new Counter({
      name: "lineshaft_file_bytes_total",
      help: "Bytes of files that came in, and that were sent to their end, by direction",
      labelNames: ["direction"],
      registers,
    }),
    filesStored: new Counter({ name: "lineshaft_files_stored_total", help: "Files that were stored", registers }),
    filesSwept: new Counter({
      name: "lineshaft_files_swept_total",
      help: "Files that were removed because no command had kept them",
      registers,
    }),
    fileSweeps: new Counter({
      name: "lineshaft_file_sweeps_total",
      help: "Looks for such files, by what came out",
      labelNames: ["outcome"],
      registers,
    }),
  };
}

function handleMetrics(registers: Registry[]) {
  return {
    handled: new Counter({
      name: "lineshaft_handled_total",
      help: "Events that handlers were given, and runs of schedules and of commands for later, by what came out",
      labelNames: ["handler", "outcome"],
      registers,
    }),
    handlerSeconds: new Histogram({
      name: "lineshaft_handler_seconds",
      help: "Transactions of handlers, which may hold several events, in seconds",
      labelNames: ["handler"],
      buckets: SECONDS,
      registers,
    }),
    handlerLagEvents: new Gauge({
      name: "lineshaft_handler_lag_events",
      help: "Events that a handler of this node has not looked at yet",
      labelNames: ["handler"],
      registers,
    }),
    handlerLagSeconds: new Gauge({
      name: "lineshaft_handler_lag_seconds",
      help: "Age of the oldest event that a handler of this node has not handled, in seconds",
      labelNames: ["handler"],
      registers,
    }),
    eventsPlaced: new Gauge({
      name: "lineshaft_events_position",
      help: "The end of the log of events, as far as this node knows",
      registers,
    }),
    work: new Gauge({
      name: "lineshaft_work",
      help: "Events and runs that wait for another attempt or for their time, and dead letters, in the whole fleet",
      labelNames: ["target", "state"],
      registers,
    }),
    scheduleLateSeconds: new Histogram({
      name: "lineshaft_schedule_late_seconds",
      help: "From the time of a scheduled run until it began, in seconds",
      buckets: SECONDS,
      registers,
    }),
    fleetNodes: new Gauge({ name: "lineshaft_fleet_nodes", help: "Nodes that handle events", registers }),
    fleetLeads: new Gauge({
      name: "lineshaft_fleet_leads",
      help: "1 on the node that gives events their positions",
      registers,
    }),
  };
}

function cacheMetrics(registers: Registry[]) {
  return {
    cacheHits: new Counter({ name: "lineshaft_cache_hits_total", help: "Answers that were kept", registers }),
    cacheMisses: new Counter({ name: "lineshaft_cache_misses_total", help: "Answers that were worked out", registers }),
    cacheRefused: new Counter({
      name: "lineshaft_cache_refused_total",
      help: "Answers that were not kept, by why",
      labelNames: ["reason"],
      registers,
    }),
    cacheDropped: new Counter({
      name: "lineshaft_cache_dropped_total",
      help: "Answers that were let go, by why",
      labelNames: ["reason"],
      registers,
    }),
    cacheStaleSeconds: new Histogram({
      name: "lineshaft_cache_stale_seconds",
      help: "From a commit, by the clock of the database, until the answers that it changed were let go, in seconds",
      buckets: SECONDS,
      registers,
    }),
    cacheChecked: new Counter({
      name: "lineshaft_cache_checked_total",
      help: "Answers that were worked out again and compared, by what came out",
      labelNames: ["outcome"],
      registers,
    }),
    cacheEntries: new Gauge({ name: "lineshaft_cache_entries", help: "Answers that are kept", registers }),
    cacheBytes: new Gauge({ name: "lineshaft_cache_bytes", help: "What they weigh, in bytes", registers }),
  };
}

function liveMetrics(registers: Registry[]) {
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name: `lineshaft_live_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `lineshaft_live_${name}`, help, labelNames, registers });
  return {
    liveConnections: gauge("connections", "Streams and sockets of live queries", ["kind"]),
    liveSubscriptions: gauge("subscriptions", "Subscriptions to queries"),
    liveGroups: gauge("groups", "Different questions that are subscribed to"),
    liveRecomputations: counter("recomputations_total", "Runs of queries for their subscribers"),
    liveOvertaken: counter("overtaken_total", "Runs that lacked a commit which was heard: another follows each"),
    liveMessages: counter("messages_total", "What subscribers were told", ["kind"]),
    liveDelayed: counter("delayed_total", "Times that a subscriber could not be told at once: a slow reader"),
    liveResyncs: counter("resyncs_total", "Whole answers to subscribers that had been behind"),
    liveStaleSeconds: gauge("stale_seconds", "Age of the oldest change that its subscribers have not been told"),
    livePushSeconds: new Histogram({
      name: "lineshaft_live_push_seconds",
      help: "From a commit, by the clock of the database, until its subscribers were told, in seconds",
      buckets: SECONDS,
      registers,
    }),
  };
}

function channelMetrics(registers: Registry[]) {
  const counter = (name: string, help: string) => new Counter({ name: `lineshaft_channel_${name}`, help, registers });
  const gauge = (name: string, help: string) => new Gauge({ name: `lineshaft_channel_${name}`, help, registers });
  return {
    channelMembers: gauge("members", "Members of channels on this node"),
    channelTopics: gauge("topics", "Topics that have members, here or on nodes that this one hears"),
    channelPeers: gauge("peers", "Other nodes that this one hears"),
    channelDelivered: counter("delivered_total", "Messages that members were told, each counted"),
    channelDropped: counter("dropped_total", "Messages for members who do not read, or for nodes that are not reached"),
    channelRefused: counter("refused_total", "Messages and states of members that were not taken"),
  };
}

function relayMetrics(registers: Registry[]) {
  return {
    relayState: new Gauge({
      name: "lineshaft_relay_state",
      help: "1 for the state that the relay is in",
      labelNames: ["state"],
      registers,
    }),
    relayLagBytes: new Gauge({
      name: "lineshaft_relay_lag_bytes",
      help: "Log that the server has written and this node has not finished, in bytes",
      registers,
    }),
    relayLagSeconds: new Gauge({
      name: "lineshaft_relay_lag_seconds",
      help: "From the last commit that came until the server sent it, in seconds",
      registers,
    }),
    relayTransactions: new Counter({
      name: "lineshaft_relay_transactions_total",
      help: "Transactions that came with the log",
      registers,
    }),
    relayChanges: new Counter({
      name: "lineshaft_relay_changes_total",
      help: "Changes that came with the log",
      labelNames: ["kind"],
      registers,
    }),
    relayReconnects: new Counter({
      name: "lineshaft_relay_reconnects_total",
      help: "Streams of the log that broke",
      registers,
    }),
    relayResets: new Counter({
      name: "lineshaft_relay_resets_total",
      help: "Beginnings of the log, the first included: caches were emptied",
      registers,
    }),
    slotSafeBytes: new Gauge({
      name: "lineshaft_slot_safe_bytes",
      help: "Log that the server may still write until it takes the slot away, in bytes",
      labelNames: ["holder"],
      registers,
    }),
  };
}
