/**
 * Samples of bad declarations: what their tests share. They lie outside `src/define`, whose own lines no place names.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkDeclarations } from "../src/define/check.ts";
import { collect, type Modules } from "../src/define/declarations.ts";
import { entity as typedEntity } from "../src/define/entity.ts";
import { DeclarationError, type Mistake } from "../src/define/errors.ts";
import { field as typedField } from "../src/define/field.ts";
import { service as typedService } from "../src/define/service.ts";

// The types refuse most of these samples, so the samples go round them.
// biome-ignore lint/suspicious/noExplicitAny: as above.
export type Loose = any;
export const entity = typedEntity as (table: Loose, fields: Loose, options?: Loose) => Loose;
export const field: Loose = typedField;
export const service = typedService as (name: Loose, options?: Loose) => Loose;

export const PLACE = /^packages\/lineshaft\/test\/check[\w-]*(?:\.test|\.samples)?\.ts:\d+$/;
export const run = async (): Promise<undefined> => undefined;

export function mistakesOf(modules: Modules): readonly Mistake[] {
  try {
    checkDeclarations(collect(modules), modules);
    return [];
  } catch (error) {
    assert.ok(error instanceof DeclarationError, String(error));
    return error.mistakes;
  }
}

/** An app with one service of these entities. */
export function withEntities(...entities: readonly Loose[]): Modules {
  return { app: { app: service("app", { entities: { ...entities } }) } };
}

/** An app with one entity of an id and these fields. */
export function withFields(fields: Loose, options: Loose = {}): Modules {
  return withEntities(entity("link", { id: field.id(), ...fields }, options));
}

export function withService(name: Loose, options: Loose = {}): Modules {
  return { app: { app: service(name, options) } };
}

export const Link = entity("link", {
  id: field.id(),
  code: field.text({ max: 32 }).unique(),
  secret: field.text().hidden(),
  slug: field.text().computed("lower(code)"),
});

/** An app with one command, or one query where the route says GET, open to anyone. */
export function withEndpoint(route: string, definition: Loose = {}, options: Loose = {}): Modules {
  const app = service("app", { entities: { Link }, actor: "anyone", ...options });
  const isQuery = route.startsWith("GET");
  const endpoint = { run, ...(isQuery ? { output: Link } : {}), ...definition };
  return { app: { one: isQuery ? app.query(route, endpoint) : app.command(route, endpoint) } };
}

export function withInput(route: string, input: Loose): Modules {
  return withEndpoint(route, { input });
}

export function withOutput(output: Loose): Modules {
  return withEndpoint("POST /links", { output });
}

export function withTwo(first: string, second: string): Modules {
  const app = service("app", { actor: "anyone" });
  const input = { x: field.text(), y: field.text() };
  return { app: { one: app.command(first, { input, run }), two: app.command(second, { input, run }) } };
}

export type Sample = readonly [name: string, app: () => Modules, problem: RegExp, wayOut: RegExp];

/** Every sample has exactly one mistake: the rule goes off, and no other does. */
export function testSamples(title: string, samples: readonly Sample[]): void {
  describe(title, () => {
    for (const [name, app, problem, wayOut] of samples) {
      test(name, () => {
        const found = mistakesOf(app());
        assert.equal(found.length, 1, `exactly one mistake: ${JSON.stringify(found, null, 2)}`);
        assert.match(found[0]!.problem, problem);
        assert.match(found[0]!.wayOut, wayOut);
        assert.match(found[0]!.place, PLACE);
      });
    }
  });
}

/** An object of this many levels. */
export function nest(levels: number): Loose {
  return levels === 0 ? field.text() : { a: nest(levels - 1) };
}

export const Pair = entity("pair", { a: field.text(), b: field.text() }, { primaryKey: ["a", "b"] });
export const Counted = entity("counted", { id: field.serial() });
