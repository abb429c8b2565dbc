/** Read sets: what the answer to a statement depends on, and which changes touch it. Begin with `analyse.ts`. */
export { type AnalyseOptions, analyse, loadParser, STATEMENT_CHARS_MAX } from "./analyse.ts";
export {
  type BoundAlternative,
  type BoundRead,
  bind,
  type KeyAnswer,
  type ReadSet,
  type Seen,
  VALUES_MAX,
} from "./bind.ts";
export { Catalog, type CatalogSource, catalogVersion, loadCatalog } from "./catalog.ts";
export { KEYS_MAX } from "./key-query.ts";
export { ReadSetIndex, type RowChange } from "./read-set-index.ts";
export type { CacheableShape, Condition, Item, KeyQuery, Read, Shape, Uncacheable } from "./shape.ts";
