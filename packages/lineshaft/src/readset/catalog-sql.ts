/** The questions to `pg_catalog` that a catalog is made of. Each is one round trip; they run in one snapshot. */

const USER_SCHEMA = `nspname !~ '^pg_' and nspname <> 'information_schema'`;

export const RELATIONS = `
  select c.oid::int8::text as oid, n.nspname as schema, c.relname as name, c.relkind as kind,
    c.relpersistence as persistence, c.relispartition as "isPartition", c.relowner::int8::text as owner,
    case when c.relrowsecurity then json_build_object('isForced', c.relforcerowsecurity, 'all', coalesce(
      (select json_agg(json_build_object('isPermissive', p.polpermissive, 'roles', p.polroles::int8[],
          'condition', pg_get_expr(p.polqual, p.polrelid)) order by p.oid)
        from pg_policy p where p.polrelid = c.oid and p.polcmd in ('r', '*') and p.polqual is not null), '[]'))
      end as policies,
    coalesce((select bool_or(option_value::bool) from pg_options_to_table(c.reloptions)
      where option_name = 'security_invoker'), false) as "isInvoker",
    case when c.relkind = 'v' then pg_get_viewdef(c.oid) end as definition, c.reltype::int8::text as "rowType",
    coalesce((select json_agg(json_build_array(a.attname, a.atttypid::int8, coalesce(l.collisdeterministic, true),
        a.attgenerated <> '') order by a.attnum)
      from pg_attribute a left join pg_collation l on l.oid = a.attcollation
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]') as columns,
    coalesce((select json_agg(a.attname) from pg_index i join pg_attribute a on a.attrelid = c.oid
        and a.attnum = i.indkey[0]
      where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indpred is null and i.indnkeyatts = 1),
      '[]') as "uniqueColumns"
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where ${USER_SCHEMA} and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')`;

/** Roles that read tables: the one that asks, owners of views and of functions that run as them. */
export const ROLES = `
  select r.oid::int8::text as oid, r.rolname = current_user as "isAsking",
    r.rolsuper or r.rolbypassrls as "isExempt",
    coalesce((select jsonb_agg(m.oid::int8 order by m.oid) from pg_roles m
      where pg_has_role(r.oid, m.oid, 'USAGE') and m.oid in (
        select unnest(polroles) from pg_policy union all select relowner from pg_class where relrowsecurity)),
      '[]') as memberships
  from pg_roles r where r.rolname = current_user or r.oid in (select relowner from pg_class where relkind = 'v')
    or r.oid in (select proowner from pg_proc where prosecdef)`;

export const SYSTEM_RELATIONS = `
  select relname as name from pg_class where relnamespace = 'pg_catalog'::regnamespace and relkind in ('r', 'v')`;

export const PARENTS = `select inhrelid::int8::text as child, inhparent::int8::text as parent from pg_inherits`;

export const TYPES = `
  select t.oid::int8::text as oid, n.nspname as schema, t.typname as name, t.typtype as kind,
    t.typbasetype::int8::text as base, case when t.typcategory = 'A' then t.typelem else 0 end::int8::text as element
  from pg_type t join pg_namespace n on n.oid = t.typnamespace
  where n.nspname !~ '^pg_(toast|temp)' and t.typtype in ('b', 'd', 'e', 'r', 'm', 'c', 'p')
    and (t.typtype <> 'c' or ${USER_SCHEMA})`;

export const FUNCTIONS = `
  select n.nspname as schema, p.proname as name, p.prokind as kind, p.provolatile as volatility,
    coalesce((select case when bool_and(fl.lanname in ('c', 'internal') and f.provolatile = 'i') then 'c'
        else 'other' end
      from pg_aggregate g join pg_proc f on f.oid in (g.aggtransfn, g.aggfinalfn, g.aggcombinefn)
        join pg_language fl on fl.oid = f.prolang
      where g.aggfnoid = p.oid and n.nspname <> 'pg_catalog'), l.lanname) as language,
    case when n.nspname <> 'pg_catalog' and l.lanname = 'sql' then p.prosrc end as body,
    p.prosqlbody is not null as "isAtomic",
    case when p.prosecdef then p.proowner::int8::text end as "runsAs",
    p.proconfig is not null or (p.pronargdefaults > 0 and n.nspname <> 'pg_catalog') as "hasSettings",
    to_json(p.proargnames) as names, to_json(p.proargmodes) as modes,
    p.pronargs - p.pronargdefaults as "argumentsMin",
    case when p.provariadic = 0 then p.pronargs end as "argumentsMax", p.prorettype::int8::text as result
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
  where n.nspname !~ '^pg_(toast|temp)' and n.nspname <> 'information_schema' and p.prokind <> 'p'`;

export const OPERATORS = `
  select o.oprname as name, l.lanname as language, p.provolatile as volatility,
    coalesce(bool_and(n.nspname !~ '^pg_' and t.typtype = 'b'), false) as "isForUserTypes"
  from pg_operator o join pg_namespace s on s.oid = o.oprnamespace join pg_proc p on p.oid = o.oprcode
    join pg_language l on l.oid = p.prolang
    left join pg_type t on t.oid in (o.oprleft, o.oprright) left join pg_namespace n on n.oid = t.typnamespace
  where s.nspname <> 'pg_catalog' group by o.oid, o.oprname, l.lanname, p.provolatile`;

/** Casts by functions whose bodies could read tables. */
export const OPAQUE_CASTS = `
  select c.oid from pg_cast c join pg_proc p on p.oid = c.castfunc join pg_language l on l.oid = p.prolang
  where c.oid >= 16384 and (l.lanname not in ('c', 'internal') or p.provolatile = 'v') limit 1`;

/** Catalogs whose rows decide what a statement reads. Every DDL writes new rows, and so another `xmin`. */
const VERSIONED = [
  ["pg_class", "oid", "relnamespace"],
  ["pg_type", "oid", "typnamespace"],
  ["pg_proc", "oid", "pronamespace"],
  ["pg_operator", "oid", "oprnamespace"],
  ["pg_constraint", "oid", "connamespace"],
] as const;

const PLAIN = ["pg_namespace", "pg_rewrite", "pg_policy", "pg_cast", "pg_enum"];

export const VERSION = `
  select md5(concat_ws('|', ${[
    ...VERSIONED.map(
      ([table, key, schema]) => `(select string_agg(t.${key} || ':' || t.xmin::text, ',' order by t.${key})
        from ${table} t join pg_namespace n on n.oid = t.${schema} where ${USER_SCHEMA})`,
    ),
    ...PLAIN.map(
      (table) => `(select string_agg(t.oid || ':' || t.xmin::text, ',' order by t.oid) from ${table} t
        where t.oid >= 16384)`,
    ),
    `(select string_agg(a.attrelid || '.' || a.attnum || ':' || a.xmin::text, ',' order by a.attrelid, a.attnum)
        from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
        where ${USER_SCHEMA})`,
    `(select string_agg(i.indexrelid || ':' || i.xmin::text, ',' order by i.indexrelid)
        from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
        where ${USER_SCHEMA})`,
    `(select string_agg(inhrelid || ':' || inhparent, ',' order by inhrelid, inhparent) from pg_inherits)`,
    `(select string_agg(r::text, ',' order by r.oid) from (${ROLES}) r)`,
  ].join(",\n  ")})) as version`;
