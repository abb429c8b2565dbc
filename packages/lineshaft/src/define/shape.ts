/**
 * Shapes: what goes in and out of an endpoint, as types and as data.
 *
 * A shape is a field, an entity, a list, a nullable shape, raw content, a file, or a plain object of shapes. Three
 * types are read off it: `ValueOf` (what `run` gets), `ResultOf` (what `run` gives), `InputOf` (what a caller sends).
 *
 * These types are the price of every type check in every app, so they are written for the checker: one mapped type
 * each, no unions to distribute over, no re-evaluation. `bench/types` guards the cost. They map over `keyof T`,
 * though a list of the wanted keys would be cheaper: so the editor finds its way from `input.code` to the field.
 */
import type { AnyEntity } from "./entity.ts";
import { type Field, field, isField, type Mode, type Shaped } from "./field.ts";

/** A list of a shape. */
export interface List<TItem> {
  readonly shape: "list";
  readonly item: TItem;
  readonly max: number | null;
}

/** A shape or `null`. */
export interface Nullable<TInner> {
  readonly shape: "nullable";
  readonly inner: TInner;
}

/** An answer that is text of another type than JSON. */
export interface Content extends Shaped<string> {
  readonly shape: "content";
  readonly mediaType: string;
}

/** No answer: 204. */
export interface Nothing extends Shaped<void> {}

/** What an input or an output may be: a field, an entity, a list, a nullable shape, content, or an object of these. */
export type Schema = Shaped<any> | AnyEntity | List<any> | Nullable<any> | Schemas;
/** An object of shapes: what an input always is. */
export type Schemas = { readonly [key: string]: Schema };

type Optional = { readonly mode: "optional" };
type Omittable = { readonly mode: "optional" | "default" };
type Computed = { readonly mode: "computed" };
type Hidden = { readonly hiding: true };
/** The value of a field, with what stands for it when it is left out. */
type Leaf<T, V, TAbsent> = T extends Optional ? V | TAbsent : V;

/** What `run` sees of an input. A computed column is never sent, so it is not there. */
export type ValueOf<T> = T extends new (
  row: never,
) => infer R
  ? R
  : T extends Shaped<infer V>
    ? Leaf<T, V, undefined>
    : T extends List<infer I>
      ? ValueOf<I>[]
      : T extends Nullable<infer I>
        ? ValueOf<I> | null
        : { readonly [K in keyof T as T[K] extends Computed ? never : K]: ValueOf<T[K]> };

/** What `run` gives for an output: nothing hidden, which would be left out anyway. */
export type ResultOf<T> = T extends new (
  row: never,
) => infer R
  ? R
  : T extends Shaped<infer V>
    ? Leaf<T, V, null>
    : T extends List<infer I>
      ? readonly ResultOf<I>[]
      : T extends Nullable<infer I>
        ? ResultOf<I> | null
        : { readonly [K in keyof T as T[K] extends Hidden ? never : K]: ResultOf<T[K]> };

/**
 * What a caller sends, in JSON. Evaluated only where a call is written. A generated field (an `id`) must be sent: in an
 * input it says which row is meant, and nothing would make it.
 */
export type InputOf<T> = T extends new (
  row: never,
) => infer R
  ? Wire<R>
  : T extends Shaped<infer V>
    ? Wire<V>
    : T extends List<infer I>
      ? readonly InputOf<I>[]
      : T extends Nullable<infer I>
        ? InputOf<I> | null
        : Flat<
            { readonly [K in keyof T as T[K] extends Omittable | Computed ? never : K]: InputOf<T[K]> } & {
              readonly [K in keyof T as T[K] extends Omittable ? K : never]?: InputOf<T[K]> | undefined;
            }
          >;

/** What is put in where `ValueOf` comes out: its values; what may be left out, may be. */
export type PayloadOf<T> = Flat<
  { readonly [K in keyof T as T[K] extends Omittable | Computed ? never : K]: ValueOf<T[K]> } & {
    readonly [K in keyof T as T[K] extends Omittable ? K : never]?: ValueOf<T[K]> | undefined;
  }
>;

type Flat<T> = { [K in keyof T]: T[K] } & {};

/** The JSON form of a value: instants and 64-bit numbers are strings. */
export type Wire<T> = T extends Date | bigint
  ? string
  : T extends readonly (infer U)[]
    ? readonly Wire<U>[]
    : T extends object
      ? { readonly [K in keyof T]: Wire<T[K]> }
      : T;

/** A row as it is given to callers: hidden fields are not in it. */
export type Row<TFields> = {
  [K in keyof TFields as TFields[K] extends Hidden ? never : K]: TFields[K] extends Shaped<infer V>
    ? Leaf<TFields[K], V, null>
    : never;
};

/** A list of a shape. `max` bounds it in an input (default `LIST_ITEMS_MAX`); an answer is bounded by its query. */
export function list<TItem extends Schema>(item: TItem, options: { readonly max?: number } = {}): List<TItem> {
  return Object.freeze({ shape: "list", item, max: options.max ?? null });
}

/** A shape or `null`. For a field, write `.nullable()`. */
export function nullable<TInner extends Schema>(inner: TInner): Nullable<TInner> {
  return Object.freeze({ shape: "nullable", inner });
}

/** One page of a list: the items and the cursor of the next page, `null` on the last one. */
export function page<TItem extends Schema>(
  item: TItem,
): { readonly items: List<TItem>; readonly next: Field<string | null> } {
  return {
    items: list(item),
    next: field.text().nullable().describe("Cursor of the next page; null on the last one."),
  };
}

/** An answer of another type than JSON: `content("application/rss+xml")`. `run` gives its text. */
export function content(mediaType: string): Content {
  return Object.freeze({ shape: "content", mediaType }) as Content;
}

/** The kinds of a shape, told apart at run time. */
export type ShapeKind = "field" | "entity" | "list" | "nullable" | "content" | "download" | "object" | "unknown";

/** Which kind of shape a value is; `unknown` is a mistake in a declaration. */
export function shapeKind(shape: unknown): ShapeKind {
  if (typeof shape === "function") return "table" in shape && "fields" in shape ? "entity" : "unknown";
  if (typeof shape !== "object" || shape === null) return "unknown";
  if (isField(shape)) return "field";
  const tag = (shape as { shape?: unknown }).shape;
  if (tag === "list" || tag === "nullable" || tag === "content" || tag === "download") return tag;
  return Object.getPrototypeOf(shape) === Object.prototype ? "object" : "unknown";
}

/** Modes under which a caller may leave a value out. */
export function omittable(mode: Mode): boolean {
  return mode === "optional" || mode === "default";
}
