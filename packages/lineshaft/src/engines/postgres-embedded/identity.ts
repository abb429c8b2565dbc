/**
 * Under which user Postgres runs.
 *
 * An ordinary user runs Postgres as itself. Root may not: Postgres refuses. Then an existing account is borrowed, never
 * created: the owner of the data if it has one, else the owner of the project, else `postgres`, else `nobody`.
 *
 * That account cannot pass a folder such as /root. When the way to the data or to the binaries is barred, Postgres is
 * started through `setpriv` with one extra right, CAP_DAC_READ_SEARCH: it passes folders and reads, and it cannot write
 * where the account could not. The price: SQL run by the role `postgres` can then read any file, as root could, so the
 * right is given only where nothing else works. Containers usually lack it; the error names the ways out.
 */
import { accessSync, constants, readFileSync, type Stats, statSync } from "node:fs";
import { userInfo } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { EmbeddedPostgresError } from "./errors.ts";

const CAP_DAC_READ_SEARCH = 1n << 2n;
/** <project>/.lineshaft/postgres: the folder, its parent and the project. */
const OWNER_LEVELS_MAX = 3;
const BORROWED_ACCOUNTS = ["postgres", "nobody"];

export interface Identity {
  /** The account to change to; undefined to stay who we are. */
  readonly account: { readonly uid: number; readonly gid: number } | undefined;
  /** True when the account needs the extra right to reach the data or the binaries. */
  readonly needsPassage: boolean;
}

interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Chooses the account for `folder`, whose data may exist in `dataFolder`.
 * @throws {EmbeddedPostgresError} POSTGRES_NO_USER, POSTGRES_FOLDER_UNUSABLE.
 */
export function chooseIdentity(folder: string, dataFolder: string, binaries: string): Identity {
  if (process.geteuid?.() !== 0) {
    if (ownerOf(dataFolder) === undefined) assertOwnAccount();
    return { account: undefined, needsPassage: false };
  }
  const account = accountForData(dataFolder) ?? accountForProject(folder) ?? borrowedAccount();
  const barred = [dirname(folder), binaries]
    .map((path) => firstBarred(path, account))
    .find((path) => path !== undefined);
  if (barred !== undefined) assertPassage(barred, account);
  return { account: { uid: account.uid, gid: account.gid }, needsPassage: barred !== undefined };
}

/** True when the identity can pass every folder down to `path` without the extra right. */
export function canReach(path: string, identity: Identity): boolean {
  return identity.account === undefined || firstBarred(path, identity.account) === undefined;
}

/** initdb looks its user up by number and fails without an entry, as under the random users of some clusters. */
function assertOwnAccount(): void {
  try {
    userInfo();
  } catch (cause) {
    throw new EmbeddedPostgresError(
      "POSTGRES_NO_USER",
      `The user with the number ${process.geteuid?.()} has no entry in /etc/passwd, and Postgres cannot create a ` +
        "database cluster " +
        "without one. Run as a user that has an entry, or set DATABASE_URL to another Postgres.",
      { cause },
    );
  }
}

function accountForData(dataFolder: string): Account | undefined {
  const owner = ownerOf(dataFolder);
  // Once created, the cluster keeps its owner: no entry is needed to run it.
  return owner === undefined || owner.uid === 0
    ? undefined
    : { name: `user ${owner.uid}`, uid: owner.uid, gid: owner.gid };
}

function accountForProject(folder: string): Account | undefined {
  let path = folder;
  for (let level = 0; level < OWNER_LEVELS_MAX; level += 1) {
    const owner = ownerOf(path);
    const account = accounts().find((entry) => entry.uid === owner?.uid);
    if (account !== undefined && account.uid !== 0) return account;
    path = dirname(path);
  }
  return undefined;
}

function borrowedAccount(): Account {
  const known = accounts();
  for (const name of BORROWED_ACCOUNTS) {
    const account = known.find((entry) => entry.name === name && entry.uid !== 0);
    if (account !== undefined) return account;
  }
  throw new EmbeddedPostgresError(
    "POSTGRES_NO_USER",
    `Postgres does not run as root, and /etc/passwd has neither of the accounts ${BORROWED_ACCOUNTS.join(", ")} ` +
      "to run it under. " +
      "Start as an ordinary user, or make such a user the owner of the project folder.",
  );
}

function accounts(): readonly Account[] {
  let text = "";
  try {
    text = readFileSync("/etc/passwd", "utf8");
  } catch {
    return [];
  }
  const rows = text.split("\n").map((line) => line.split(":"));
  return rows
    .map(([name = "", , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter((entry) => entry.name !== "" && Number.isInteger(entry.uid) && Number.isInteger(entry.gid));
}

/** The uppermost folder on the way to `path` (itself included) that the account may not pass. */
function firstBarred(path: string, account: { uid: number; gid: number }): string | undefined {
  const steps = [path];
  for (let step = path; dirname(step) !== step; step = dirname(step)) steps.unshift(dirname(step));
  return steps.find((step) => {
    const stats = ownerOf(step);
    return stats !== undefined && !mayPass(stats, account);
  });
}

function mayPass(stats: Stats, account: { uid: number; gid: number }): boolean {
  if (stats.uid === account.uid) return (stats.mode & 0o100) !== 0;
  if (stats.gid === account.gid) return (stats.mode & 0o010) !== 0;
  return (stats.mode & 0o001) !== 0;
}

function assertPassage(barred: string, account: Account): void {
  if (hasSetpriv() && hasReadSearchRight()) return;
  throw new EmbeddedPostgresError(
    "POSTGRES_FOLDER_UNUSABLE",
    `Postgres does not run as root, and the account it would run under (${account.name}) cannot pass "${barred}". ` +
      `Move the project out of "${barred}", or run \`chmod o+x "${barred}"\`, or start as an ordinary user. ` +
      "(With `setpriv` and the capability DAC_READ_SEARCH this start would do it for you; one of them is missing " +
      "here.)",
  );
}

function hasSetpriv(): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, "setpriv"), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function hasReadSearchRight(): boolean {
  try {
    const line = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "latin1"));
    return line?.[1] !== undefined && (BigInt(`0x${line[1]}`) & CAP_DAC_READ_SEARCH) !== 0n;
  } catch {
    return false;
  }
}

function ownerOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}
