/**
 * Fleet: who is alive, and who of them does what.
 *
 * Model. Each node says every `BEAT_MS` that it is there, in `lineshaft.node`; one that was silent for `SILENT_MS`, by
 * the clock of the database, is not counted. From the nodes that are, each computes the same answer: a lane belongs to
 * the one whose hash with it is the highest (rendezvous hashing), so a node that comes or goes moves only its own
 * share. The leader, who gives events their positions, is the oldest.
 * Not promised. That two nodes agree at each instant. Nothing depends on it: cursors and work move by comparison, and a
 * node that acts on an old view fails there. So what moves within `SILENT_MS` plus two beats is work, not safety.
 */
import { hostname } from "node:os";
import type { Pool } from "../data/pool.ts";
import { writeTogether } from "../log/control.ts";
import { LANES } from "../migrate/index.ts";

export const BEAT_MS = 1_000;
export const SILENT_MS = 4_000;

const BEAT = `with own as (
    insert into lineshaft.node (id, host, pid, targets) values ($1, $2, $3, $4)
    on conflict (id) do update set seen_at = clock_timestamp() returning id, started_at, targets
  ), swept as (
    delete from lineshaft.node where seen_at < clock_timestamp() - interval '1 minute' and id <> $1
  )
  select id::text, started_at as "startedAt", targets from own
  union all
  select id::text, started_at, case when id = any($5::uuid[]) then null else targets end from lineshaft.node
    where id <> $1 and seen_at > clock_timestamp() - interval '${SILENT_MS} milliseconds'`;

interface NodeRow {
  readonly id: string;
  readonly startedAt: Date;
  /** `null`: as it was. */
  readonly targets: readonly string[] | null;
}

interface Peer {
  readonly id: string;
  readonly startedAt: number;
  /** By name, the version of what it knows of it. */
  readonly targets: ReadonlyMap<string, number>;
}

/** What a node can run. While versions differ, in the middle of an upgrade, only nodes with the highest one do. */
export interface Target {
  readonly name: string;
  readonly version: number;
}

export class Fleet {
  readonly id: string = crypto.randomUUID();
  readonly #pool: Pool;
  readonly #targets: readonly string[];
  readonly #onChange: () => void;
  #peers: readonly Peer[] = [];
  #owned = new Map<string, readonly boolean[]>();
  #beating: Promise<void> | null = null;
  #hasLeft = false;

  /**
   * @param targets   What this node can run.
   * @param onChange  Told when somebody came or went.
   */
  constructor(pool: Pool, targets: readonly Target[], onChange: () => void) {
    this.#pool = pool;
    this.#targets = targets.map(({ name, version }) => `${name}@${version}`);
    this.#onChange = onChange;
  }

  /** Whether this node gives events their positions. */
  get leads(): boolean {
    const [first] = this.#peers;
    return first !== undefined && first.id === this.id;
  }

  /** How many nodes are alive. */
  get size(): number {
    return this.#peers.length;
  }

  /** Whether a lane of a target belongs to this node. */
  owns(target: string, lane: number): boolean {
    return this.lanesOf(target)[lane]!;
  }

  lanesOf(target: string): readonly boolean[] {
    let lanes = this.#owned.get(target);
    if (lanes === undefined) this.#owned.set(target, (lanes = this.#shareOf(target)));
    return lanes;
  }

  /** Says that this node is there, and learns who else is. One at a time. */
  beat(): Promise<void> {
    // The log tells a node of its own end, too: who then says that it is there keeps its lanes from the others.
    if (this.#hasLeft) return Promise.resolve();
    return (this.#beating ??= this.#beat().finally(() => {
      this.#beating = null;
    }));
  }

  /** This node does nothing more; the others hear of it at once. */
  async leave(): Promise<void> {
    this.#hasLeft = true;
    await this.#beating?.catch(() => {});
    const text = "delete from lineshaft.node where id = $1";
    await writeTogether(this.#pool, [{ text, values: [this.id] }] as const);
    this.#peers = [];
    this.#owned.clear();
  }

  async #beat(): Promise<void> {
    const known = new Map(this.#peers.map((peer) => [peer.id, peer]));
    const values = [this.id, hostname(), process.pid, this.#targets, [...known.keys()]];
    const [{ rows }] = await writeTogether(this.#pool, [{ text: BEAT, name: "ls_beat", values }] as const);
    const peers = (rows as NodeRow[]).map(({ id, startedAt, targets }) => ({
      id,
      startedAt: startedAt.getTime(),
      targets: targets === null ? known.get(id)!.targets : new Map(targets.map(targetOf)),
    }));
    peers.sort((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1));
    const isSame = peers.length === this.#peers.length && peers.every(({ id }, at) => id === this.#peers[at]!.id);
    this.#peers = peers;
    if (isSame) return;
    this.#owned.clear();
    this.#onChange();
  }

  #shareOf(target: string): readonly boolean[] {
    const version = Math.max(...this.#peers.map(({ targets }) => targets.get(target) ?? -1));
    const able = this.#peers.filter(({ targets }) => targets.get(target) === version);
    return Array.from({ length: LANES }, (_, lane) => {
      let best: Peer | null = null;
      let bestScore = -1;
      for (const peer of able) {
        const score = hashOf(`${peer.id}/${target}/${lane}`);
        if (score > bestScore) [best, bestScore] = [peer, score];
      }
      return best?.id === this.id;
    });
  }
}

function targetOf(text: string): readonly [name: string, version: number] {
  const at = text.lastIndexOf("@");
  return [text.slice(0, at), Number(text.slice(at + 1))];
}

/** FNV-1a, its bits mixed once more (the finalizer of MurmurHash3): alone it is too even for names that end alike. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
