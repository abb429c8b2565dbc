/**
 * Shapes: what each statement of the app reads, worked out once for each version of the database's schema.
 */
import { analyse, type Catalog, type CatalogSource, loadCatalog, loadParser, type Shape } from "../readset/index.ts";

/** Shapes that are kept. Statements that are not prepared have none. */
export const SHAPES_MAX = 4_000;

export class Shapes {
  readonly catalog: Catalog;
  readonly #shapes = new Map<string, Shape>();

  private constructor(catalog: Catalog) {
    this.catalog = catalog;
  }

  static async load(source: CatalogSource): Promise<Shapes> {
    await loadParser();
    return new Shapes(await loadCatalog(source));
  }

  get(service: string, text: string): Shape | undefined {
    return this.#shapes.get(keyOf(service, text));
  }

  /** @param parameterTypes  As the server describes the statement. */
  add(service: string, text: string, parameterTypes: readonly number[]): Shape {
    const shape = analyse(text, this.catalog, { searchPath: [service, "public"], parameterTypes });
    if (this.#shapes.size < SHAPES_MAX) this.#shapes.set(keyOf(service, text), shape);
    return shape;
  }
}

const keyOf = (service: string, text: string): string => `${service}\0${text}`;
