/**
 * Routines: which functions, operators and types a cacheable statement may use.
 *
 * A name is judged by every overload that the path can reach and that takes as many arguments, since which one runs
 * depends on types that the parser does not know. Immutable is fine; stable only if listed below; a user's SQL
 * function is judged by its body, whatever it says of itself, and every other user's function that is not immutable C
 * is not looked into.
 */
import type { A_Const, FuncCall, TypeCast, TypeName } from "libpg-query";
import { bodyOf, isArrayType, nameOf } from "./ast.ts";
import type { Catalog, Routine, RoutineName, Type } from "./catalog.ts";
import { uncacheable } from "./shape.ts";
import { DATETIME_TYPES } from "./values.ts";

/**
 * Stable functions whose answer changes only with settings that a pool keeps fixed: TimeZone, DateStyle, the default
 * text search configuration.
 */
const SAFE_STABLE = new Set([
  ...["to_json", "to_jsonb", "row_to_json", "array_to_json", "json_agg", "jsonb_agg", "json_object_agg"],
  ...["jsonb_object_agg", "json_build_object", "jsonb_build_object", "json_build_array", "jsonb_build_array"],
  ...["concat", "concat_ws", "format", "to_char", "array_to_string", "string_agg", "quote_literal", "quote_nullable"],
  ...["to_tsvector", "to_tsquery", "plainto_tsquery", "phraseto_tsquery", "websearch_to_tsquery", "ts_headline"],
]);

/** The functions that a name may mean; ends the analysis if one of them may not be used. */
export function checkedRoutines(
  catalog: Catalog,
  routineName: RoutineName,
  path: readonly string[],
): readonly Routine[] {
  const routines = catalog.routines(routineName, path);
  if (routines.length === 0) return uncacheable(`the function ${routineName.name}`);
  for (const routine of routines) checkRoutine(routine);
  return routines;
}

/** The setting that a call reads, if its name is written down; ends the analysis if nobody tells its value. */
export function settingIn(call: FuncCall, { catalog, path, told }: Settings): string | null {
  const { schema, name } = nameOf(call.funcname);
  const constant = bodyOf<TypeCast>(call.args?.[0], "TypeCast")?.arg ?? call.args?.[0];
  const text = bodyOf<A_Const>(constant, "A_Const")?.sval?.sval;
  if (name !== "current_setting" || text === undefined || !text.includes(".")) return null;
  const routines = catalog.routines({ schema, name, argumentCount: call.args!.length }, path);
  if (routines.some((each) => each.schema !== "pg_catalog")) return null;
  const setting = text.toLowerCase();
  return told.has(setting) ? setting : uncacheable(`the setting ${setting}, whose value is not known`);
}

interface Settings {
  readonly catalog: Catalog;
  readonly path: readonly string[];
  readonly told: ReadonlySet<string>;
}

function checkRoutine(routine: Routine): void {
  const { name, schema, volatility, language } = routine;
  if (routine.hasSettings && schema !== "pg_catalog")
    uncacheable(`the function ${name}, which has settings or defaults`);
  if (routine.body !== null) {
    checkBody(routine);
    return;
  }
  if (schema !== "pg_catalog" && !/^(?:c|internal)$/.test(language)) {
    uncacheable(`the function ${name}, which is not written in SQL`);
  }
  if (volatility === "i" || (volatility === "s" && schema === "pg_catalog" && SAFE_STABLE.has(name))) return;
  uncacheable(`the ${volatility === "v" ? "volatile" : "stable"} function ${name}`);
}

function checkBody({ name, volatility, isAtomic }: Routine): void {
  if (volatility === "v") uncacheable(`the volatile function ${name}`);
  if (isAtomic) uncacheable(`the function ${name}, whose body is atomic`);
}

/** Operators of users may run anything; those of the server may not. */
export function checkOperator(catalog: Catalog, schema: string | undefined, name: string): void {
  if (schema === "pg_catalog") return;
  for (const { language, volatility } of catalog.operators(name)) {
    if (volatility !== "i" || !/^(?:c|internal)$/.test(language)) uncacheable(`the operator ${name}`);
  }
}

/** The type that a cast names; ends the analysis if its input may look at the database or the clock. */
export function checkedType(catalog: Catalog, typeName: TypeName, path: readonly string[]): Type {
  const { schema, name } = nameOf(typeName.names);
  const type = catalog.type(schema, name, path);
  if (type === null || typeName.pct_type === true) return uncacheable(`the type ${name}`);
  const element = catalog.typeByOid(type.elementOid) ?? type;
  if (element.schema === "pg_catalog" && /^reg/.test(element.name)) return uncacheable(`a cast to ${element.name}`);
  if (element.kind === "c" || element.kind === "p") return uncacheable(`a cast to the composite type ${name}`);
  return type;
}

/** True if the input of a type takes `today` and the like: a date or a time, an array, a domain or a range of them. */
export function isDatetime(catalog: Catalog, typeOid: number): boolean {
  const type = catalog.typeByOid(typeOid);
  if (type === undefined) return false;
  if (DATETIME_TYPES.has(type.baseOid)) return true;
  return type.elementOid !== 0 && isDatetime(catalog, type.elementOid);
}

/** The type of a cast's result, null for arrays of it, which no equality is made of. */
export function castTypeOid(type: Type, typeName: TypeName): number | null {
  return isArrayType(typeName) ? null : type.baseOid;
}
