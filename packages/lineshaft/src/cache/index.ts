/** The cache: answers that are right, and ready to be sent. Begin with `cache.ts`. */
export {
  BRIEF_MS,
  CACHE_BYTES,
  CATALOG_MS,
  Cache,
  type CacheOptions,
  type Loaded,
  type OnTouched,
  type Watch,
} from "./cache.ts";
export type { Fill } from "./fill.ts";
