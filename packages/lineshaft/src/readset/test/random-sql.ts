/**
 * Random statements and changes. Statements may fail to parse or to run: then they are not used. What they answer is
 * determined by the rows: a LIMIT stands on a total order, and no choice is left among values that are equal and
 * differ.
 */
import type { Random } from "./random.ts";
import { type ModelTable, type TypedName, VALUES } from "./random-schema.ts";
import {
  bareNames,
  CASTS,
  isComparable,
  type Made,
  NUMBERS,
  PLAIN,
  RANKED,
  type TypedNameList,
} from "./random-types.ts";

export interface RandomQuery {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** A column that an expression may name. */
type Known = TypedName;
const DEPTH_MAX = 3;
export class StatementMaker {
  readonly #random: Random;
  readonly #tables: readonly ModelTable[];
  #parameters: unknown[] = [];
  #types: string[] = [];
  #count = 0;
  /** A policy has no parameters. */
  #isPolicy = false;
  #common: TypedNameList[] = [];

  constructor(random: Random, tables: readonly ModelTable[]) {
    this.#random = random;
    this.#tables = tables;
  }

  query(): RandomQuery {
    this.#parameters = [];
    this.#types = [];
    this.#count = 0;
    this.#common = [];
    const commons: string[] = [];
    for (let index = 0; index < 2 && this.#random.chance(0.15); index++) {
      const { sql, columns } = this.#block(2, []);
      const name = `w${index}`;
      const kind = this.#random.pick(["", "", "materialized ", "not materialized "]);
      commons.push(`${name} as ${kind}(${sql})`);
      this.#common.push({ name, columns });
    }
    const recursive = this.#random.chance(0.05);
    if (recursive) commons.push(this.#recursive());
    const { sql } = this.#block(0, []);
    const prefix = commons.length === 0 ? "" : `with ${recursive ? "recursive " : ""}${commons.join(", ")} `;
    return { sql: prefix + sql, parameters: this.#parameters };
  }

  /** A condition without parameters, as a policy has. */
  policyCondition(columns: readonly TypedName[]): string {
    this.#common = [];
    this.#isPolicy = true;
    const condition = this.#condition(columns, [], 1);
    this.#isPolicy = false;
    return condition;
  }

  change(): RandomQuery {
    this.#parameters = [];
    this.#types = [];
    const writable = this.#tables.filter(({ isWritable }) => isWritable);
    const { name, columns } = this.#random.pick(writable);
    const random = this.#random;
    const value = ({ type }: TypedName) => (random.chance(0.12) ? "null" : this.#literal(type));
    const kind = random.weighted({ insert: 4, update: 5, delete: 2 });
    if (kind === "insert") {
      const chosen = columns.filter(({ name: each }) => /id|reg/i.test(each) || random.chance(0.8));
      const list = chosen.map((each) => each.name).join(", ");
      return this.#done(
        `insert into ${name} (${list}) values (${chosen.map(value).join(", ")}) on conflict do nothing`,
      );
    }
    const where = this.#where(columns);
    if (kind === "delete") return this.#done(`delete from ${name}${where}`);
    const set = [random.pick(columns), ...(random.chance(0.3) ? [random.pick(columns)] : [])];
    const distinct = [...new Map(set.map((each) => [each.name, each])).values()];
    return this.#done(
      `update ${name} set ${distinct.map((each) => `${each.name} = ${value(each)}`).join(", ")}${where}`,
    );
  }

  #where(columns: readonly TypedName[]): string {
    const column = this.#random.chance(0.6) ? columns[0]! : this.#random.pick(columns);
    return ` where ${column.name} = ${this.#literal(column.type)}`;
  }

  #done(sql: string): RandomQuery {
    return { sql, parameters: this.#parameters };
  }

  #literal(type: string): string {
    const value = this.#random.pick(VALUES[type]!);
    if (type === "int4" || (NUMBERS.has(type) && /^\d+$/.test(value) && this.#random.chance(0.7))) return value;
    if (type === "bool") return value === "t" ? "true" : "false";
    return `'${value}'`;
  }

  /** A constant that may be compared with a column of this type: a literal, a parameter, a cast. */
  #constant(type: string): string {
    const random = this.#random;
    const kind = random.weighted({ literal: 5, parameter: 5, cast: 1.5, typed: 1, null: 0.3 });
    if (kind === "null") return "null";
    if (kind === "literal" || (kind === "parameter" && this.#isPolicy)) return this.#literal(type);
    if (kind === "cast") return `${this.#literal(type)}::${random.pick(CASTS)}`;
    if (kind === "typed") return `'${random.pick(VALUES[type]!)}'::${type === "nd" ? "text" : type}`;
    const cast = random.chance(0.15) ? `::${random.pick(CASTS)}` : "";
    return `${this.#parameter(type)}${cast}`;
  }

  #parameter(type: string): string {
    const known = this.#types.indexOf(type);
    if (known !== -1 && this.#random.chance(0.3)) return `$${known + 1}`;
    const value = this.#random.chance(0.08) ? null : this.#random.pick(VALUES[type]!);
    return this.#given(type, value);
  }

  #arrayParameter(type: string): string {
    const members = Array.from({ length: this.#random.below(3) }, () =>
      this.#random.chance(0.1) ? null : this.#random.pick(VALUES[type]!),
    );
    return this.#given("array", members);
  }

  #given(type: string, value: unknown): string {
    this.#types.push(type);
    return `$${this.#parameters.push(value)}`;
  }

  /** A condition on columns that are in scope, `outer` ones less often. */
  #condition(inner: readonly Known[], outer: readonly Known[], depth: number): string {
    const random = this.#random;
    const all = outer.length > 0 && random.chance(0.4) ? outer : inner;
    if (all.length === 0) return "true";
    const column = random.pick(all);
    const nested = depth < DEPTH_MAX;
    const kind = random.weighted({
      ...{ constant: 9, equal: 5, in: 2, any: 2, isNull: 1, same: 1, less: 1, row: 0.7, boolean: 1, test: 0.7 },
      ...{ and: 2, or: 3, not: 0.8, case: 0.5 },
      ...(nested
        ? { exists: 1.5, inQuery: 1.5, notIn: 0.7, scalar: 0.6 }
        : { exists: 0, inQuery: 0, notIn: 0, scalar: 0 }),
    });
    return this.#conditionOf(kind, column, { inner, outer, depth });
  }

  #conditionOf(
    kind: string,
    column: Known,
    scope: { inner: readonly Known[]; outer: readonly Known[]; depth: number },
  ): string {
    const random = this.#random;
    const { name, type } = column;
    const again = () => this.#condition(scope.inner, scope.outer, scope.depth + 1);
    const sub = () => this.#block(scope.depth + 1, [...scope.inner, ...scope.outer], type);
    switch (kind) {
      case "constant":
        return random.chance(0.8) ? `${name} = ${this.#constant(type)}` : `${this.#constant(type)} = ${name}`;
      case "equal": {
        const others = [...scope.inner, ...scope.outer].filter((each) => isComparable(each.type, type));
        return `${name} = ${random.pick(others).name}`;
      }
      case "in":
        return `${name} ${random.chance(0.2) ? "not in" : "in"} (${this.#constant(type)}, ${this.#constant(type)})`;
      case "any":
        return random.chance(0.7) && !this.#isPolicy
          ? `${name} = any(${this.#arrayParameter(type)})`
          : `${name} = any(array[${this.#constant(type)}, ${this.#constant(type)}])`;
      case "isNull":
        return `${name} is ${random.pick(["null", "null", "not null"])}`;
      case "same":
        return `${name} is ${random.pick(["not distinct", "not distinct", "distinct"])} from ${this.#constant(type)}`;
      case "row": {
        const other = random.pick(scope.inner.length > 0 ? scope.inner : [column]);
        const pair = () => `(${this.#constant(type)}, ${this.#constant(other.type)})`;
        return random.chance(0.5)
          ? `(${name}, ${other.name}) = ${pair()}`
          : `(${name}, ${other.name}) in (${pair()}, ${pair()})`;
      }
      case "boolean":
        return type === "bool" ? random.pick([name, `not ${name}`]) : `${name} = ${this.#constant(type)}`;
      case "test":
        return type === "bool"
          ? `${name} is ${random.pick(["true", "not true", "false", "not false", "unknown"])}`
          : `(${name} = ${this.#constant(type)}) is ${random.pick(["true", "not true", "unknown"])}`;
      case "and":
        return `(${again()} and ${again()})`;
      case "or":
        return `(${again()} or ${again()})`;
      case "not":
        return `not (${again()})`;
      case "case":
        return `case when ${again()} then ${again()} else ${again()} end`;
      case "exists":
        return `${random.pick(["", "", "not "])}exists (${sub().sql})`;
      case "inQuery":
        return random.chance(0.3)
          ? `${name} = any (array(${this.#single(sub(), type)}))`
          : `${name} in (${this.#single(sub(), type)})`;
      case "notIn":
        return `${name} not in (${this.#single(sub(), type)})`;
      case "scalar":
        return `${name} = (select max(s.c0) from (${this.#single(sub(), type)}) s(c0))`;
      default:
        return `${name} ${random.pick(["<", ">", "<>"])} ${this.#constant(type)}`;
    }
  }

  #single({ sql, columns }: Made, type: string): string {
    const column = columns.find((each) => isComparable(each.type, type)) ?? columns[0]!;
    return columns.length === 1 ? sql : `select u.${column.name} from (${sql}) u`;
  }

  #recursive(): string {
    const columns = ["id", "up"].map((name) => ({ name, type: "int4" }));
    this.#common.push({ name: "r", columns });
    const where = this.#condition(columns, [], DEPTH_MAX);
    return `r(id, up) as (select id, up from tree where ${where}
      union select t.id, t.up from tree t join r on t.up = r.id)`;
  }

  #alias(): string {
    return `q${this.#count++}`;
  }

  #source(depth: number, outer: readonly Known[], siblings: readonly Known[]): Made {
    const random = this.#random;
    const alias = this.#alias();
    const under = (columns: readonly TypedName[]) =>
      columns.map(({ name, type }) => ({ name: `${alias}.${name}`, type }));
    const nested = depth < DEPTH_MAX ? 1 : 0;
    const kind = random.weighted({
      table: 8,
      common: this.#common.length > 0 ? 4 : 0,
      query: nested * 1.5,
      lateral: nested * 0.8,
      function: 0.3,
    });
    if (kind === "common") {
      const { name, columns } = random.pick(this.#common);
      return { sql: `${name} ${alias}`, columns: under(columns) };
    }
    if (kind === "query" || kind === "lateral") {
      const seen = kind === "lateral" ? [...siblings, ...outer] : outer;
      const { sql, columns } = this.#block(depth + 1, seen);
      return { sql: `${kind === "lateral" ? "lateral " : ""}(${sql}) ${alias}`, columns: under(columns) };
    }
    if (kind === "function") {
      const columns = [
        { name: "id", type: "int8" },
        { name: "x", type: "int4" },
      ];
      return { sql: `fset(${random.below(4)}) ${alias}`, columns: under(columns) };
    }
    const { name, columns } = random.pick(this.#tables);
    const only = /^(?:base_|par)$/.test(name) && random.chance(0.2) ? "only " : "";
    return { sql: `${only}${name} ${alias}`, columns: under(columns) };
  }

  #from(depth: number, outer: readonly Known[], siblings: readonly Known[], joins: number): Made {
    if (joins === 0) return this.#source(depth, outer, siblings);
    const random = this.#random;
    const left = this.#from(depth, outer, siblings, random.below(joins));
    const right = this.#from(depth, outer, [], random.below(joins));
    const type = random.weighted({ join: 4, "left join": 4, "right join": 1.5, "full join": 1, "cross join": 0.7 });
    const columns = [...left.columns, ...right.columns];
    if (type === "cross join") return { sql: `(${left.sql} cross join ${right.sql})`, columns };
    const shared = bareNames(left).filter((name) => bareNames(right).includes(name));
    if (shared.length > 0 && random.chance(0.2)) {
      const name = random.pick(shared);
      const merged = left.columns.find((each) => each.name.endsWith(`.${name}`))!;
      const all = [...columns, { name, type: merged.type }];
      return { sql: `(${left.sql} ${type} ${right.sql} using (${name}))`, columns: all };
    }
    if (shared.length > 0 && random.chance(0.05)) return { sql: `(${left.sql} natural ${type} ${right.sql})`, columns };
    const on =
      type === "full join" && random.chance(0.8) ? this.#keyEquality(left, right) : this.#on(left, right, depth);
    return { sql: `(${left.sql} ${type} ${right.sql} on ${on})`, columns };
  }

  #keyEquality(left: Made, right: Made): string {
    const one = this.#random.pick(left.columns);
    const other = right.columns.find((each) => isComparable(each.type, one.type));
    return other === undefined ? "true" : `${one.name} = ${other.name}`;
  }

  #on(left: Made, right: Made, depth: number): string {
    const parts = this.#random.chance(0.8) ? [this.#keyEquality(left, right)] : [];
    if (parts.length === 0 || this.#random.chance(0.35)) {
      parts.push(this.#condition([...left.columns, ...right.columns], [], Math.max(depth, 2)));
    }
    return parts.join(" and ");
  }

  /** A SELECT whose columns are c0, c1 …; the first has the wanted type if there is one. */
  #block(depth: number, outer: readonly Known[], wanted?: string): Made {
    const random = this.#random;
    if (depth < DEPTH_MAX && random.chance(0.1)) return this.#setOperation(depth, outer, wanted);
    const from = this.#from(depth, outer, [], random.pick([0, 0, 0, 0, 1, 1, 1, 2]));
    const second = random.chance(0.15) ? this.#from(depth, outer, from.columns, 0) : null;
    const columns = [...from.columns, ...(second?.columns ?? [])];
    const list = second === null ? from.sql : `${from.sql}, ${second.sql}`;
    const conditions = Array.from({ length: random.below(3) + (random.chance(0.5) ? 1 : 0) }, () =>
      this.#condition(columns, outer, depth),
    );
    const where = conditions.length === 0 ? "" : ` where ${conditions.join(" and ")}`;
    const body = ` from ${list}${where}`;
    return this.#shaped(body, columns, { depth, outer, wanted });
  }

  #shaped(
    body: string,
    columns: readonly Known[],
    options: { depth: number; outer: readonly Known[]; wanted: string | undefined },
  ): Made {
    const random = this.#random;
    const { wanted, depth, outer } = options;
    const plain = columns.filter(({ type }) => PLAIN.has(type));
    const fitting = columns.filter(({ type }) => wanted !== undefined && isComparable(type, wanted));
    const chosen = [fitting.length > 0 ? random.pick(fitting) : random.pick(columns)];
    while (random.chance(0.5) && chosen.length < 4) chosen.push(random.pick(columns));
    const kind = random.weighted({
      plain: 10,
      distinct: 1,
      group: 2.5,
      aggregate: 1.5,
      window: 0.8,
      limit: 1.2,
      distinctOn: 0.5,
      top: depth === 0 ? 4 : 0,
    });
    const named = chosen.map(({ type }, index) => ({ name: `c${index}`, type }));
    const targets = chosen.map(({ name }, index) => `${name} as c${index}`).join(", ");
    const isPlain = chosen.every(({ type }) => PLAIN.has(type));
    if (kind === "aggregate") return { sql: `select count(*) as c0${body}`, columns: [{ name: "c0", type: "int8" }] };
    if (kind === "group" && plain.length > 0) return this.#grouped(body, random.pick(plain), columns);
    if (kind === "distinct" && isPlain) return { sql: `select distinct ${targets}${body}`, columns: named };
    if (kind === "top") return this.#top(body, columns, chosen);
    const total = named.map(({ name }) => `l.${name}::text collate "C"`).join(", ");
    if (kind === "limit") {
      const tail = `limit ${1 + random.below(2)}${random.chance(0.2) ? " offset 1" : ""}`;
      return { sql: `select * from (select ${targets}${body}) l order by ${total} ${tail}`, columns: named };
    }
    if (kind === "distinctOn" && PLAIN.has(chosen[0]!.type)) {
      return {
        sql: `select distinct on (l.c0) * from (select ${targets}${body}) l order by l.c0, ${total}`,
        columns: named,
      };
    }
    if (kind === "window") {
      const over = plain.length > 0 && random.chance(0.5) ? `partition by ${random.pick(plain).name}` : "";
      return {
        sql: `select ${targets}, count(*) over (${over}) as cw${body}`,
        columns: [...named, { name: "cw", type: "int8" }],
      };
    }
    if (depth < 2 && random.chance(0.1)) {
      const sub = this.#block(depth + 1, [...columns, ...outer]);
      return {
        sql: `select ${targets}, (select count(*) from (${sub.sql}) z) as cz${body}`,
        columns: [...named, { name: "cz", type: "int8" }],
      };
    }
    return { sql: `select ${targets}${random.chance(0.05) ? ", fread(1) as cf" : ""}${body}`, columns: named };
  }

  /** A list that ends: ordered by a column, mostly one of its own, and then by everything that it shows. */
  #top(body: string, columns: readonly Known[], chosen: readonly Known[]): Made {
    const random = this.#random;
    const ranked = columns.filter(({ type }) => RANKED.has(type));
    const key = random.pick(ranked.length > 0 ? ranked : columns);
    const shown = random.chance(0.85) ? [key, ...chosen] : chosen;
    const by = random.pick([key.name, key.name, shown[0] === key ? "c0" : key.name, shown[0] === key ? "1" : key.name]);
    const nulls = random.pick(["", "", " nulls first", " nulls last"]);
    const order = `${by}${random.pick(["", "", " asc", " desc", " desc"])}${nulls}`;
    const targets = shown.map(({ name }, index) => `${name} as c${index}`).join(", ");
    const rest = shown.map(({ name }) => `${name}::text collate "C"`).join(", ");
    const window = random.chance(0.08) ? ", count(*) over () as cw" : "";
    const rows = String(1 + random.below(3));
    const limit = random.chance(0.3) ? this.#given("limit", rows) : rows;
    const offset = random.chance(0.2) ? " offset 1" : "";
    const sql = `select ${targets}${window}${body} order by ${order}, ${rest} limit ${limit}${offset}`;
    return { sql, columns: shown.map(({ type }, index) => ({ name: `c${index}`, type })) };
  }

  #grouped(body: string, by: Known, columns: readonly Known[]): Made {
    const random = this.#random;
    const numbers = columns.filter(({ type }) => type === "int4");
    const sum = numbers.length > 0 ? `, max(${random.pick(numbers).name}) as c1` : ", count(*) as c1";
    const filter = random.chance(0.2)
      ? `, count(*) filter (where ${this.#condition(columns, [], DEPTH_MAX)}) as c2`
      : "";
    const group = random.pick([by.name, by.name, by.name, `rollup (${by.name})`, `grouping sets ((${by.name}), ())`]);
    const having = random.chance(0.2) ? " having count(*) > 1" : "";
    const type = numbers.length > 0 ? "int4" : "int8";
    return {
      sql: `select ${by.name} as c0${sum}${filter}${body} group by ${group}${having}`,
      columns: [
        { name: "c0", type: by.type },
        { name: "c1", type },
      ],
    };
  }

  #setOperation(depth: number, outer: readonly Known[], wanted: string | undefined): Made {
    const left = this.#block(depth + 1, outer, wanted);
    const right = this.#block(depth + 1, outer, left.columns[0]!.type);
    const [one, other] = [left.columns[0]!, right.columns[0]!];
    const isPlain = PLAIN.has(one.type) && PLAIN.has(other.type);
    const operator = isPlain
      ? this.#random.pick(["union", "union all", "except", "intersect", "except all"])
      : "union all";
    const arm = ({ sql }: Made, name: string) => `select v.${name} as c0 from (${sql}) v`;
    return {
      sql: `${arm(left, one.name)} ${operator} ${arm(right, other.name)}`,
      columns: [{ name: "c0", type: one.type }],
    };
  }
}
