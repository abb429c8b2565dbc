/**
 * Doctor: looks at everything that the log needs of a database, and says what to change.
 *
 * Reads only, except that it opens a replication connection to see whether it may. Findings come in a fixed order, one
 * for each check; `failed` keeps nodes from streaming, `warning` will hurt some day. To add a check: a row in `CHECKS`.
 */
import type pg from "pg";
import type { Connection } from "../data/connection.ts";
import type { Publication } from "../migrate/index.ts";
import { connectObstacle, ORIGIN_PREFIX, unpublished } from "./obstacle.ts";
import { ReplicationSession } from "./replication.ts";

/** What a check found. */
export interface Finding {
  readonly check: string;
  readonly status: "ok" | "warning" | "failed";
  /** What was seen. */
  readonly seen: string;
  /** What to change; null when nothing. */
  readonly advice: string | null;
}

/** Facts of a database, from one query. */
interface Facts {
  readonly version: number;
  readonly versionText: string;
  readonly walLevel: string;
  readonly isStandby: boolean;
  readonly backendPid: number;
  readonly keepMb: number;
  readonly senders: number;
  readonly sendersMax: number;
  readonly slots: number;
  readonly slotsMax: number;
  readonly published: readonly string[];
  readonly partly: readonly string[];
  readonly unkeyed: readonly string[];
  readonly lost: readonly string[];
  readonly idle: readonly string[];
  readonly origins: readonly string[];
}

/** What checks look at. */
interface Patient {
  readonly facts: Facts;
  readonly role: string;
  readonly publications: readonly Publication[];
  /** The process that the driver was told it talks to. */
  readonly announcedPid: number;
  /** What opening a replication connection gave: null when it went well. */
  readonly refusal: string | null;
}

type Verdict = readonly [status: Finding["status"], seen: string, advice?: string];

const VERSION_MIN = 150_000;
/** Slots and walsenders that should be free: one for each node that starts during a deploy, and one for the fleet. */
const FREE_MIN = 3;

const FACTS = `select current_setting('server_version_num')::integer as version,
  current_setting('server_version') as "versionText", current_setting('wal_level') as "walLevel",
  pg_is_in_recovery() as "isStandby", pg_backend_pid() as "backendPid",
  (select setting::float8 from pg_settings where name = 'max_slot_wal_keep_size') as "keepMb",
  (select count(*)::integer from pg_stat_activity where backend_type = 'walsender') as senders,
  current_setting('max_wal_senders')::integer as "sendersMax",
  (select count(*)::integer from pg_replication_slots) as slots,
  current_setting('max_replication_slots')::integer as "slotsMax",
  array(select pubname || ': ' || schemaname || '.' || tablename from pg_publication_tables) as published,
  array(select p.pubname::text from pg_publication p
    where starts_with(p.pubname, 'lineshaft_') and not starts_with(p.pubname, 'lineshaft__')
    and not (p.pubinsert and p.pubupdate and p.pubdelete and p.pubtruncate)) as partly,
  array(select format('%I.%I', n.nspname, c.relname) from pg_publication_rel r
    join pg_publication p on p.oid = r.prpubid
      and starts_with(p.pubname, 'lineshaft_') and not starts_with(p.pubname, 'lineshaft__')
    join pg_class c on c.oid = r.prrelid join pg_namespace n on n.oid = c.relnamespace
    where c.relreplident <> 'f') as unkeyed,
  array(select slot_name::text from pg_replication_slots where wal_status = 'lost') as lost,
  array(select slot_name::text from pg_replication_slots
    where not active and wal_status is distinct from 'lost' and not starts_with(slot_name, 'lineshaft_')) as idle,
  array(select roname from pg_replication_origin where not starts_with(roname, '${ORIGIN_PREFIX}')) as origins`;

const CHECKS: Readonly<Record<string, (patient: Patient) => Verdict>> = {
  version: ({ facts }) =>
    facts.version >= VERSION_MIN
      ? ["ok", `Postgres ${facts.versionText}`]
      : ["failed", `Postgres ${facts.versionText}`, "Use Postgres 15 or newer."],

  "direct connection": ({ facts, announcedPid }) =>
    facts.backendPid === announcedPid
      ? ["ok", "this is Postgres itself"]
      : ["failed", "a pooler answers in between", "Give DATABASE_URL the direct address of Postgres."],

  primary: ({ facts }) =>
    facts.isStandby
      ? ["failed", "a standby, which takes no writes", "Give DATABASE_URL the address of the primary."]
      : ["ok", "the server takes writes"],

  wal_level: ({ facts }) =>
    facts.walLevel === "logical"
      ? ["ok", "logical"]
      : [
          "failed",
          facts.walLevel,
          "alter system set wal_level = 'logical'; then restart the server. Rented servers: docs/operations.md.",
        ],

  "replication right": ({ refusal, role }) =>
    refusal === null
      ? ["ok", `${role} may replicate`]
      : ["failed", refusal, `alter role "${role}" replication; on RDS: grant rds_replication to "${role}".`],

  "slot retention": ({ facts }) =>
    facts.keepMb >= 0
      ? ["ok", `a slot holds at most ${facts.keepMb} MB of log`]
      : [
          "warning",
          "max_slot_wal_keep_size is -1: a slot that nobody reads fills the disk",
          "alter system set max_slot_wal_keep_size = '10GB'; select pg_reload_conf(); a fifth of the disk is usual.",
        ],

  "free walsenders": ({ facts }) => room("max_wal_senders", facts.senders, facts.sendersMax),
  "free slots": ({ facts }) => room("max_replication_slots", facts.slots, facts.slotsMax),

  publications: ({ facts, publications }) => {
    const missing = unpublished(publications, facts.published);
    if (missing.length > 0) {
      return [
        "failed",
        `not published: ${missing.join(", ")}`,
        "Run `lineshaft migrate apply` as a role that owns the tables; it needs: grant create on database … to ….",
      ];
    }
    if (facts.partly.length > 0) {
      return [
        "failed",
        `${facts.partly.join(", ")} leave out some kinds of change`,
        "alter publication … set (publish = 'insert, update, delete, truncate').",
      ];
    }
    const count = publications.reduce((sum, { tables }) => sum + tables.length, 0);
    return ["ok", `tables published: ${count}`];
  },

  "replica identity": ({ facts }) =>
    facts.unkeyed.length === 0
      ? ["ok", "old rows are complete"]
      : [
          "failed",
          `not full: ${facts.unkeyed.join(", ")}`,
          facts.unkeyed.map((table) => `alter table ${table} replica identity full;`).join(" "),
        ],

  slots: ({ facts }) => {
    if (facts.lost.length > 0) {
      return [
        "warning",
        `lost: ${facts.lost.join(", ")}`,
        "Ours are made anew by the next reader. Drop others: select pg_drop_replication_slot(…).",
      ];
    }
    if (facts.idle.length === 0) return ["ok", "no slot is lost, none of others is idle"];
    return [
      "warning",
      `nobody reads ${facts.idle.join(", ")}`,
      "A slot without a reader holds log and old rows. When it is not needed: select pg_drop_replication_slot(…).",
    ];
  },

  origins: ({ facts }) =>
    facts.origins.length === 0
      ? ["ok", "bulk work can be left out"]
      : [
          "warning",
          `others use replication origins: ${facts.origins.join(", ")}`,
          "Nothing to change while something replicates into this database; bulk work is told row by row then.",
        ],
};

function room(setting: string, used: number, limit: number): Verdict {
  const seen = `${used} of ${limit} are used`;
  if (limit - used >= FREE_MIN) return ["ok", seen];
  const advice = `alter system set ${setting} = ${limit + 10}; then restart. Each node needs one, the fleet another.`;
  return [used >= limit ? "failed" : "warning", seen, advice];
}

/** Examines a database. @param client  As the app connects; not inside a transaction. */
export async function examine(
  client: pg.Client,
  connection: Connection,
  publications: readonly Publication[],
): Promise<readonly Finding[]> {
  const refusal = await tryReplication(connection);
  const { rows } = await client.query<Facts & { role: string }>(`select current_user as role, f.* from (${FACTS}) f`);
  const { role, ...facts } = rows[0]!;
  const { processID: announcedPid } = client as unknown as { readonly processID: number };
  const patient: Patient = { facts, role, publications, announcedPid, refusal };
  return Object.entries(CHECKS).map(([check, look]): Finding => {
    const [status, seen, advice = null] = look(patient);
    return { check, status, seen, advice };
  });
}

/** Why a replication connection cannot be opened; null when it can. */
async function tryReplication(connection: Connection): Promise<string | null> {
  try {
    await using session = await ReplicationSession.open(connection, "lineshaft doctor");
    await session.identify();
    return null;
  } catch (error) {
    return connectObstacle(error) ?? (error instanceof Error ? error.message : String(error));
  }
}
