/** Random policies: by a setting, by membership in several spellings, and by any condition. */
import type { Random } from "./random.ts";
import type { ModelTable } from "./random-schema.ts";
import type { StatementMaker } from "./random-sql.ts";
import { NUMBERS } from "./random-types.ts";

/** A policy for SELECT on a table, which may look at the tables that the maker knows. */
export function makePolicy(
  random: Random,
  maker: StatementMaker,
  { name, columns }: ModelTable,
  number: number,
): string {
  const own = columns.map((each) => ({ name: `${name}.${each.name}`, type: each.type }));
  const column = random.pick(own.filter(({ type }) => NUMBERS.has(type))).name;
  const account = `current_setting('app.account')::${random.pick(["int4", "int8"])}`;
  const teams = `select b.aid from b where b.x = ${random.chance(0.5) ? account : `(select ${account})`}`;
  const kind = random.weighted({ own: 2, array: 2, in: 1, exists: 1, joined: 2, any: 4 });
  const condition = {
    own: `${column} = ${account}`,
    array: `${column} = any (array(${teams}))`,
    in: `${column} in (${teams})`,
    exists: `exists (${teams} and b.aid = ${column})`,
    joined: `exists (select from ${random.pick(["b where b.aid", "tree t where t.id", "a where a.x"])} = ${column})`,
    any: kind === "any" ? maker.policyCondition(own) : "",
  }[kind];
  const restriction = random.chance(0.25) ? " as restrictive" : "";
  return `create policy p${number} on ${name}${restriction} for ${random.pick(["select", "all"])} using (${condition})`;
}
