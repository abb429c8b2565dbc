/** Tables for random statements: those of the directed cases, and some that the seed makes up. */
import type { Random } from "./random.ts";

export interface TypedName {
  readonly name: string;
  readonly type: string;
}

export interface ModelTable {
  /** As it is written in SQL. */
  readonly name: string;
  readonly columns: readonly TypedName[];
  readonly isWritable: boolean;
  /** It has policies. */
  readonly isGuarded?: boolean;
}

/** Values of each type, few, so that they meet; some are written in more than one way. */
export const VALUES: Readonly<Record<string, readonly string[]>> = {
  int4: ["0", "1", "2", "3", "4"],
  int8: ["0", "1", "2", "3", "9007199254740993"],
  numeric: ["0", "1", "1.0", "1.50", "NaN", "-2"],
  float8: ["0", "-0", "1", "1.5", "NaN", "9007199254740992"],
  float4: ["0", "0.1", "1"],
  text: ["a", "A", "b", ""],
  varchar: ["a", "b", "B"],
  bpchar: ["a", "a  ", "b"],
  bool: ["t", "f"],
  mood: ["sad", "ok", "glad"],
  citext: ["a", "A", "b"],
  nd: ["a", "A", "b"],
  date: ["2024-01-01", "2024-01-02", "infinity"],
  timestamptz: ["2024-01-01 00:00+00", "2024-01-01 01:00+01"],
  uuid: ["00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000A"],
};

const columns = (text: string): readonly TypedName[] =>
  text.split(", ").map((each) => {
    const [name, type] = each.split(" ") as [string, string];
    return { name, type };
  });

const table = (name: string, text: string, isWritable = true): ModelTable => ({
  name,
  columns: columns(text),
  isWritable,
});

export const CASE_TABLES: readonly ModelTable[] = [
  table("a", "id int4, x int4, y int8, t text, b bool, n numeric, f float8"),
  table("b", "id int8, aid int4, x int4, t varchar, c bpchar, m mood, n numeric"),
  table("c", "id int4, bid int8, k text, ci citext, nd nd, d date, ts timestamptz, f4 float4"),
  table('"Od d"', '"Id" int4, "select" int4, x int4'),
  table("par", "id int4, reg int4, x int4"),
  table("par1", "id int4, reg int4, x int4"),
  table("tree", "id int4, up int4, x int4"),
  table("base_", "id int4, x int4"),
  table("kid_", "id int4, x int4, z int4"),
  table("other.a", "id int4, x int4"),
  table("va", "id int4, ax int4, t text", false),
  table("vagg", "aid int4, n int8, mx int4", false),
  table("vjoin", "id int4, bid int8, x int4, t text", false),
];

const MADE_TYPES = ["int4", "int4", "int4", "int8", "text", "varchar", "bpchar", "bool", "numeric", "date", "uuid"];

/** Up to three tables with columns of any type, sometimes partitioned, and a view on each. */
export function makeTables(random: Random): { readonly sql: readonly string[]; readonly tables: ModelTable[] } {
  const sql: string[] = [];
  const tables: ModelTable[] = [];
  for (let index = 0; index < 3; index++) {
    const count = 2 + random.below(4);
    const made = Array.from({ length: count }, (_, number) => ({ name: `m${number}`, type: random.pick(MADE_TYPES) }));
    const all = [{ name: "id", type: "int4" }, ...made];
    const definitions = all.map(({ name, type }) => `${name} ${type}`).join(", ");
    const key = random.pick(["primary key (id)", "unique (id)", "unique (id, m0)"]);
    const name = `made${index}`;
    if (random.chance(0.3)) {
      sql.push(`create table ${name} (${definitions}) partition by hash (id)`);
      for (const part of [0, 1]) {
        sql.push(`create table ${name}_${part} partition of ${name} for values with (modulus 2, remainder ${part})`);
      }
    } else sql.push(`create table ${name} (${definitions}, ${key})`);
    const shown = all.filter(() => random.chance(0.7));
    if (shown.length === 0) shown.push(all[0]!);
    const where = random.chance(0.5) ? " where id > 0" : "";
    const rights = random.chance(0.5) ? " with (security_invoker = on)" : "";
    const list = shown.map((each) => each.name).join(", ");
    sql.push(`create view ${name}_view${rights} as select ${list} from ${name}${where}`);
    const isGuarded = random.chance(0.5);
    if (isGuarded) sql.push(`alter table ${name} enable row level security`);
    tables.push(
      { name, columns: all, isWritable: true, isGuarded },
      { name: `${name}_view`, columns: shown, isWritable: false },
    );
  }
  return { sql, tables };
}
