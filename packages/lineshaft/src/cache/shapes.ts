/**
 * Shapes: what each statement of the app reads, worked out once for each version of the database's schema.
 */
import { analyse, type Catalog, type CatalogSource, loadCatalog, loadParser, type Shape } from "../readset/index.ts";

/** Shapes that are kept. Statements that are not prepared have none. */
export const SHAPES_MAX = 4_000;

export class Shapes {
  readonly catalog: Catalog;
  readonly #shapes = new Map<string, Shape>();

  readonly #untold: ReadonlySet<number>;

  private constructor(catalog: Catalog, untold: ReadonlySet<number>) {
    this.catalog = catalog;
    this.#untold = untold;
  }

  /** @param untold  Tables whose changes nobody tells: what reads them is not kept. */
  static async load(source: CatalogSource, untold: ReadonlySet<number>): Promise<Shapes> {
    await loadParser();
    return new Shapes(await loadCatalog(source), untold);
  }

  get(service: string, text: string): Shape | undefined {
    return this.#shapes.get(keyOf(service, text));
  }

  /** @param parameterTypes  As the server describes the statement. */
  add(service: string, text: string, parameterTypes: readonly number[]): Shape {
    const found = analyse(text, this.catalog, { searchPath: [service, "public"], parameterTypes });
    const untold = found.isCacheable ? found.reads.find(({ table }) => this.#untold.has(table)) : undefined;
    const shape = untold
      ? { isCacheable: false as const, reason: `${untold.name}, whose changes are not told` }
      : found;
    if (this.#shapes.size < SHAPES_MAX) this.#shapes.set(keyOf(service, text), shape);
    return shape;
  }
}

const keyOf = (service: string, text: string): string => `${service}\0${text}`;
