/**
 * The server's settings: what the platform needs, sized for a machine that has other work to do.
 *
 * They are given on the command line, which wins over `postgresql.conf`: a cluster carries no configuration of its own,
 * so it follows the version of the platform that starts it.
 */
import { EmbeddedPostgresError } from "./errors.ts";
import { SOCKET_PORT } from "./socket-folder.ts";

const DEFAULTS: Readonly<Record<string, string>> = {
  // The relay decodes the WAL. A dead relay must not fill the disk: beyond this its slot is lost, which it can repair.
  wal_level: "logical",
  max_wal_senders: "10",
  max_replication_slots: "10",
  max_slot_wal_keep_size: "2GB",
  shared_buffers: "128MB",
  max_connections: "100",
  timezone: "UTC",
  log_timezone: "UTC",
  log_line_prefix: "%m [%p] ",
  log_checkpoints: "off",
  cluster_name: "lineshaft",
};

/**
 * The price of an unclean end is the whole cluster. `synchronous_commit` stays on: without waiting for the disk it
 * costs next to nothing, and without it the log reaches its readers up to 200 ms late.
 */
const NOT_DURABLE: Readonly<Record<string, string>> = {
  fsync: "off",
  full_page_writes: "off",
};

/** The launcher depends on these: where the server listens, where its data and its log are. */
const RESERVED: ReadonlySet<string> = new Set([
  "listen_addresses",
  "port",
  "unix_socket_directories",
  "data_directory",
  "hba_file",
  "logging_collector",
  "log_destination",
]);
const SETTING_NAME = /^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$/;

/** @throws {EmbeddedPostgresError} POSTGRES_BAD_OPTIONS. Whether Postgres knows the name, Postgres says. */
export function validateSettings(settings: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(settings)) {
    if (!SETTING_NAME.test(name) || value.includes("\0")) {
      throw new EmbeddedPostgresError(
        "POSTGRES_BAD_OPTIONS",
        `"${name}" is not the name of a Postgres setting: expected lower case, such as "work_mem".`,
      );
    }
    if (!RESERVED.has(name)) continue;
    throw new EmbeddedPostgresError(
      "POSTGRES_BAD_OPTIONS",
      `The setting "${name}" belongs to the launcher and cannot be changed (asked for "${value}"). Set ` +
        "DATABASE_URL to a Postgres of your own.",
    );
  }
}

/** The command line of the server. */
export function serverArguments(
  data: string,
  socketFolder: string,
  options: { readonly settings?: Readonly<Record<string, string>>; readonly durable?: boolean },
): readonly string[] {
  const settings = {
    ...DEFAULTS,
    ...(options.durable === false ? NOT_DURABLE : {}),
    ...options.settings,
    listen_addresses: "",
    port: String(SOCKET_PORT),
    unix_socket_directories: socketFolder,
    logging_collector: "off",
    log_destination: "stderr",
  };
  return ["-D", data, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])];
}
