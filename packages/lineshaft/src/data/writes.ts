/**
 * Writes: what Kysely's inserts and updates need to know of the entities.
 *
 * - JSON columns. The driver writes a JavaScript array as a Postgres array and a string as text; in a `jsonb` column
 *   both must be JSON, so their values are turned here.
 * - An update that sets nothing, as a partial update with no field gives, is not SQL. It becomes one that changes
 *   nothing, so that it still finds and returns the row.
 *
 * Only the statement itself and its CTEs are looked at: reads pass untouched and pay nothing.
 */
import {
  ColumnNode,
  ColumnUpdateNode as ColumnUpdate,
  type ColumnUpdateNode,
  type InsertQueryNode,
  type KyselyPlugin,
  type OperationNode,
  type RootOperationNode,
  type UpdateQueryNode,
  type ValueNode,
  type ValuesNode,
  type WithNode,
} from "kysely";
import { type EntityDefinition, primaryKey } from "../define/entity.ts";
import type { FieldSpec } from "../define/field.ts";
import type { ServiceDefinition } from "../define/service.ts";

interface TableFacts {
  readonly json: ReadonlySet<string>;
  readonly key: string;
}

function needsJson({ type }: FieldSpec): boolean {
  if (type.kind === "list") return ["json", "money"].includes(type.item.spec.type.kind);
  return type.kind === "json";
}

function factsOf(entity: EntityDefinition): TableFacts {
  const json = Object.keys(entity.fields).filter((name) => needsJson(entity.fields[name]!.spec));
  return { json: new Set(json), key: primaryKey(entity)[0] ?? "" };
}

/** The plugin of a service. */
export function entityWrites(service: ServiceDefinition): KyselyPlugin {
  const tables = new Map(Object.values(service.entities).map((entity) => [entity.table, factsOf(entity)]));
  return {
    transformQuery: ({ node }) => transformed(node, tables) as RootOperationNode,
    transformResult: async ({ result }) => result,
  };
}

type TableMap = ReadonlyMap<string, TableFacts>;

function transformed(node: OperationNode, tables: TableMap): OperationNode {
  const inner = (node as { with?: WithNode }).with
    ? withCtes(node as OperationNode & { with: WithNode }, tables)
    : node;
  if (inner.kind === "InsertQueryNode") return insert(inner as InsertQueryNode, tables);
  if (inner.kind === "UpdateQueryNode") return update(inner as UpdateQueryNode, tables);
  return inner;
}

function withCtes(node: OperationNode & { with: WithNode }, tables: TableMap): OperationNode {
  const expressions = node.with.expressions.map((cte) => ({ ...cte, expression: transformed(cte.expression, tables) }));
  return { ...node, with: { ...node.with, expressions } } as OperationNode;
}

function tableOf(node: OperationNode | undefined, tables: TableMap): TableFacts | undefined {
  const plain = node?.kind === "AliasNode" ? (node as unknown as { node: OperationNode }).node : node;
  const table = plain as { table?: { identifier?: { name?: string } } } | undefined;
  return tables.get(table?.table?.identifier?.name ?? "");
}

function insert(node: InsertQueryNode, tables: TableMap): InsertQueryNode {
  const facts = tableOf(node.into, tables);
  if (!facts || facts.json.size === 0) return node;
  const onConflict = node.onConflict?.updates
    ? { ...node.onConflict, updates: node.onConflict.updates.map((each) => encodeUpdate(each, facts)) }
    : node.onConflict;
  const marked = node.columns?.map((column) => facts.json.has(column.column.name)) ?? [];
  const rows = node.values?.kind === "ValuesNode" ? (node.values as ValuesNode).values : [];
  const values = rows.map((row) =>
    row.kind === "PrimitiveValueListNode"
      ? { ...row, values: row.values.map((value, index) => (marked[index] ? encode(value) : value)) }
      : { ...row, values: row.values.map((value, index) => (marked[index] ? encodeNode(value) : value)) },
  );
  const changed = rows.length > 0 ? { ...node, values: { ...node.values, values } } : node;
  return { ...changed, ...(onConflict ? { onConflict } : {}) } as InsertQueryNode;
}

function update(node: UpdateQueryNode, tables: TableMap): UpdateQueryNode {
  const facts = tableOf(node.table, tables);
  if (!facts) return node;
  if (!node.updates || node.updates.length === 0) {
    const same = ColumnNode.create(facts.key);
    return { ...node, updates: [ColumnUpdate.create(same, same)] };
  }
  return facts.json.size === 0 ? node : { ...node, updates: node.updates.map((each) => encodeUpdate(each, facts)) };
}

function encodeUpdate(node: ColumnUpdateNode, { json }: TableFacts): ColumnUpdateNode {
  const column = node.column as { column?: { name?: string } };
  return json.has(column.column?.name ?? "") ? { ...node, value: encodeNode(node.value) } : node;
}

function encodeNode(node: OperationNode): OperationNode {
  return node.kind === "ValueNode" ? ({ ...node, value: encode((node as ValueNode).value) } as OperationNode) : node;
}

function encode(value: unknown): unknown {
  return value === null || value === undefined ? value : JSON.stringify(value);
}
