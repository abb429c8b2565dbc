/** Types of shapes: what `run` gets (`ValueOf`), what it gives (`ResultOf`), what a caller sends (`InputOf`), rows. */
import {
  content,
  type Field,
  field,
  type InputOf,
  list,
  type Money,
  nullable,
  page,
  type ResultOf,
  type ValueOf,
  type Wire,
} from "lineshaft";
import type { Equal, Expect } from "./expect.ts";
import { Author, Post } from "./model.ts";

/** A class of an entity is the type of its rows: the hidden is not in it, the optional is `null`. */
type PostRow = {
  readonly id: string;
  readonly number: bigint;
  readonly author: string;
  readonly title: string;
  readonly subtitle: string | null;
  readonly rating: number | null;
  readonly state: "draft" | "public";
  readonly words: number;
  readonly tags: string[];
  readonly price: Money | null;
  readonly settings: { readonly theme: "light" | "dark"; readonly size: number | undefined };
  readonly extra: unknown;
  readonly slug: string;
  readonly day: string;
  readonly publishedAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

type Plain<T> = { [K in keyof T]: T[K] };

export type Rows = [
  Expect<Equal<Plain<Post>, PostRow>>,
  Expect<Equal<Plain<Author>, { readonly id: string; readonly email: string; readonly tier: "free" | "paid" }>>,
  Expect<Equal<ResultOf<typeof Post>, Post>>,
  Expect<Equal<ValueOf<typeof Post>, Post>>,
];

export function title(row: Post): string {
  return `${row.title} (${row.state === "draft" ? row.words : row.day})`;
}

const everyMode = {
  required: field.text(),
  optional: field.text().optional(),
  nullable: field.text().nullable(),
  both: field.text().nullable().optional(),
  defaulted: field.integer().default(1),
  generated: field.id(),
  computed: field.text().computed("lower(required)"),
  hidden: field.text().hidden(),
};

export type Modes = [
  Expect<
    Equal<
      ValueOf<typeof everyMode>,
      {
        readonly required: string;
        readonly optional: string | undefined;
        readonly nullable: string | null;
        readonly both: string | null | undefined;
        readonly defaulted: number;
        readonly generated: string;
        readonly hidden: string;
      }
    >
  >,
  Expect<
    Equal<
      ResultOf<typeof everyMode>,
      {
        readonly required: string;
        readonly optional: string | null;
        readonly nullable: string | null;
        readonly both: string | null;
        readonly defaulted: number;
        readonly generated: string;
        readonly computed: string;
      }
    >
  >,
  Expect<
    Equal<
      InputOf<typeof everyMode>,
      {
        readonly required: string;
        readonly optional?: string | undefined;
        readonly nullable: string | null;
        readonly both?: string | null | undefined;
        readonly defaulted?: number | undefined;
        readonly generated: string;
        readonly hidden: string;
      }
    >
  >,
];

const nested = {
  article: {
    title: Post.fields.title,
    at: field.time(),
    number: field.bigint(),
    tags: list(field.text()),
    author: nullable({ name: field.text().optional() }),
    seo: { index: field.boolean().default(true) },
  },
};

export type Nested = [
  Expect<
    Equal<
      ValueOf<typeof nested>,
      {
        readonly article: {
          readonly title: string;
          readonly at: Date;
          readonly number: bigint;
          readonly tags: string[];
          readonly author: { readonly name: string | undefined } | null;
          readonly seo: { readonly index: boolean };
        };
      }
    >
  >,
  Expect<Equal<ResultOf<typeof nested>["article"]["author"], { readonly name: string | null } | null>>,
  Expect<Equal<ResultOf<typeof nested>["article"]["tags"], readonly string[]>>,
  // On the wire instants and 64-bit numbers are strings.
  Expect<
    Equal<
      InputOf<typeof nested>,
      {
        readonly article: {
          readonly title: string;
          readonly at: string;
          readonly number: string;
          readonly tags: readonly string[];
          readonly author: { readonly name?: string | undefined } | null;
          readonly seo: { readonly index?: boolean | undefined };
        };
      }
    >
  >,
];

const posts = page(Post.pick("id", "title"));
const feed = content("application/rss+xml");

export type Wrapped = [
  Expect<
    Equal<
      ResultOf<typeof posts>,
      { readonly items: readonly { readonly id: string; readonly title: string }[]; readonly next: string | null }
    >
  >,
  Expect<Equal<ResultOf<typeof feed>, string>>,
  Expect<Equal<Wire<Post>["createdAt"], string>>,
  Expect<Equal<Wire<Post>["publishedAt"], string | null>>,
  Expect<Equal<Wire<Post>["number"], string>>,
  Expect<Equal<Wire<Post>["tags"], readonly string[]>>,
  Expect<Equal<Wire<Post>["price"], Money | null>>,
  Expect<Equal<Wire<Post>["extra"], unknown>>,
  Expect<Equal<Wire<Date[] | null>, readonly string[] | null>>,
];

const picked = Post.pick("title", "subtitle");
const omitted = Author.omit("id", "email");
const changes = Post.partial("title", "subtitle", "rating", "state");

export type Chosen = [
  Expect<Equal<keyof typeof picked, "title" | "subtitle">>,
  Expect<Equal<(typeof picked)["subtitle"], Field<string, "optional", false>>>,
  Expect<Equal<keyof typeof omitted, "secret" | "tier">>,
  // What is hidden may be taken, never given.
  Expect<Equal<keyof InputOf<typeof omitted>, "secret" | "tier">>,
  Expect<Equal<keyof ResultOf<typeof omitted>, "tier">>,
  Expect<
    Equal<
      ValueOf<typeof changes>,
      {
        readonly title: string | undefined;
        readonly subtitle: string | null | undefined;
        readonly rating: number | null | undefined;
        readonly state: "draft" | "public" | undefined;
      }
    >
  >,
  Expect<
    Equal<
      InputOf<typeof changes>,
      {
        readonly title?: string | undefined;
        readonly subtitle?: string | null | undefined;
        readonly rating?: number | null | undefined;
        readonly state?: "draft" | "public" | undefined;
      }
    >
  >,
];

// @ts-expect-error: no such field.
Post.pick("titel");
// @ts-expect-error: a default has the type of its field.
field.integer().default("0");
// @ts-expect-error: one of the values.
field.enum("a", "b").default("c");
// @ts-expect-error: an entity is never constructed.
new Post({});
