/**
 * JSON columns: writes their values as JSON.
 *
 * The driver writes a JavaScript array as a Postgres array and a string as text; in a `jsonb` column both must be JSON.
 * Kysely knows which column a value goes to, so the values of inserts and updates are turned there. Only services that
 * have such columns pay for it.
 */
import {
  type ColumnUpdateNode,
  type InsertQueryNode,
  type KyselyPlugin,
  type OperationNode,
  OperationNodeTransformer,
  type PluginTransformQueryArgs,
  type PrimitiveValueListNode,
  type QueryId,
  type UpdateQueryNode,
  type ValueListNode,
  type ValueNode,
  type ValuesNode,
} from "kysely";
import type { FieldSpec } from "../define/field.ts";
import type { ServiceDefinition } from "../define/service.ts";

function needsJson({ type }: FieldSpec): boolean {
  if (type.kind === "list") return ["json", "money"].includes(type.item.spec.type.kind);
  return type.kind === "json" && type.shape === null;
}

/** The plugin of a service, or none when nothing needs it. */
export function jsonColumns(service: ServiceDefinition): KyselyPlugin[] {
  const columns = new Map<string, Set<string>>();
  for (const { table, fields } of Object.values(service.entities)) {
    const keys = Object.keys(fields).filter((key) => needsJson(fields[key]!.spec));
    if (keys.length > 0) columns.set(table, new Set(keys));
  }
  if (columns.size === 0) return [];
  const transformer = new JsonColumns(columns);
  return [
    {
      transformQuery: ({ node, queryId }: PluginTransformQueryArgs) => transformer.transformNode(node, queryId),
      transformResult: async ({ result }) => result,
    } as KyselyPlugin,
  ];
}

const encode = (value: unknown): unknown => (value === null || value === undefined ? value : JSON.stringify(value));

function tableOf(node: OperationNode | undefined): string {
  const table = node as { table?: { identifier?: { name?: string } } } | undefined;
  return table?.table?.identifier?.name ?? "";
}

class JsonColumns extends OperationNodeTransformer {
  readonly #columns: ReadonlyMap<string, ReadonlySet<string>>;

  constructor(columns: ReadonlyMap<string, ReadonlySet<string>>) {
    super();
    this.#columns = columns;
  }

  protected override transformInsertQuery(node: InsertQueryNode, id?: QueryId): InsertQueryNode {
    const insert = super.transformInsertQuery(node, id);
    const json = this.#columns.get(tableOf(insert.into));
    const marked = insert.columns?.map((column) => json?.has(column.column.name) ?? false) ?? [];
    if (!marked.includes(true) || insert.values?.kind !== "ValuesNode") return insert;
    const rows = (insert.values as ValuesNode).values.map((row) => encodeRow(row, marked));
    return { ...insert, values: { ...insert.values, values: rows } as ValuesNode };
  }

  protected override transformUpdateQuery(node: UpdateQueryNode, id?: QueryId): UpdateQueryNode {
    const update = super.transformUpdateQuery(node, id);
    const json = this.#columns.get(tableOf(update.table));
    if (!json || !update.updates) return update;
    return { ...update, updates: update.updates.map((each) => encodeUpdate(each, json)) };
  }
}

function encodeRow(row: PrimitiveValueListNode | ValueListNode, marked: boolean[]): PrimitiveValueListNode | ValueListNode {
  if (row.kind === "PrimitiveValueListNode") {
    return { ...row, values: row.values.map((value, index) => (marked[index] ? encode(value) : value)) };
  }
  return { ...row, values: row.values.map((value, index) => (marked[index] ? encodeNode(value) : value)) };
}

function encodeUpdate(node: ColumnUpdateNode, json: ReadonlySet<string>): ColumnUpdateNode {
  const column = node.column as { column?: { name?: string } };
  return json.has(column.column?.name ?? "") ? { ...node, value: encodeNode(node.value) } : node;
}

function encodeNode(node: OperationNode): OperationNode {
  return node.kind === "ValueNode" ? ({ ...node, value: encode((node as ValueNode).value) } as OperationNode) : node;
}
