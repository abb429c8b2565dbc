/**
 * Feeds: the newest articles as RSS 2.0 and as Atom (RFC 4287), of all, of one author or of one tag.
 *
 * Nothing in them depends on when they are asked for, so readers that poll are answered from the entity tag. Entries
 * carry the whole text; their links lead to `ARTICLE_PATH`.
 */
import { content, field } from "lineshaft";
import { visible, withAuthor } from "./article-view.ts";
import { filtered } from "./articles.ts";
import { type BlogDb, blog } from "./model.ts";

/** Entries of a feed. */
export const FEED_ENTRIES = 30;
/** Where an article is found below the origin. A site with pages of its own puts their path here. */
const ARTICLE_PATH = "/api/articles/";
const TITLE = "Conduit";

const input = { author: field.text().optional(), tag: field.text().optional() };

export const rssFeed = blog.query("GET /feed.rss", {
  summary: "The newest articles as RSS",
  actor: "anyone",
  input,
  output: content("application/rss+xml"),
  run: async ({ input, db, request }) => rssOf(await feedOf(db, input, request.origin)),
});

export const atomFeed = blog.query("GET /feed.atom", {
  summary: "The newest articles as Atom",
  actor: "anyone",
  input,
  output: content("application/atom+xml"),
  run: async ({ input, db, request }) => atomOf(await feedOf(db, input, request.origin)),
});

interface Selection {
  readonly author?: string | undefined;
  readonly tag?: string | undefined;
}

type Entry = Awaited<ReturnType<typeof newest>>[number];

interface Feed {
  readonly title: string;
  readonly origin: string;
  /** The query string of this selection. */
  readonly query: string;
  readonly entries: readonly Entry[];
  /** The last change that shows in the feed. */
  readonly updated: Date;
}

async function feedOf(db: BlogDb, selection: Selection, origin: string): Promise<Feed> {
  const entries = await newest(db, selection);
  const parameters = new URLSearchParams();
  if (selection.author) parameters.set("author", selection.author);
  if (selection.tag) parameters.set("tag", selection.tag);
  const query = parameters.size > 0 ? `?${parameters}` : "";
  const by = selection.author ? ` by ${selection.author}` : "";
  const title = `${TITLE}: articles${by}${selection.tag ? ` about ${selection.tag}` : ""}`;
  const updated = new Date(Math.max(0, ...entries.map((entry) => changedAt(entry).getTime())));
  return { title, origin, query, entries, updated };
}

function newest(db: BlogDb, selection: Selection) {
  return withAuthor(filtered(visible(db.selectFrom("article")), selection), null)
    .select("article.body")
    .orderBy("article.publishAt", "desc")
    .orderBy("article.id", "desc")
    .limit(FEED_ENTRIES)
    .execute();
}

/** A scheduled article changed, for its readers, when it appeared. */
function changedAt({ publishAt, updatedAt }: Entry): Date {
  return publishAt !== null && publishAt > updatedAt ? publishAt : updatedAt;
}

function rssOf({ title, origin, query, entries, updated }: Feed): string {
  const self = `${origin}/api/feed.rss${query}`;
  const items = entries.flatMap((entry) => [
    "<item>",
    element("title", entry.title),
    element("link", linkOf(origin, entry)),
    `<guid isPermaLink="false">urn:uuid:${entry.id}</guid>`,
    element("pubDate", entry.publishAt!.toUTCString()),
    element("dc:creator", entry.username),
    ...entry.tagList.map((tag) => element("category", tag)),
    element("description", entry.description),
    element("content:encoded", entry.body),
    "</item>",
  ]);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:dc="http://purl.org/dc/elements/1.1/"',
    '  xmlns:content="http://purl.org/rss/1.0/modules/content/">',
    "<channel>",
    element("title", title),
    element("link", `${origin}/`),
    element("description", title),
    ...(entries.length > 0 ? [element("lastBuildDate", updated.toUTCString())] : []),
    `<atom:link rel="self" type="application/rss+xml" href="${escaped(self)}"/>`,
    ...items,
    "</channel>",
    "</rss>",
    "",
  ].join("\n");
}

function atomOf({ title, origin, query, entries, updated }: Feed): string {
  const self = `${origin}/api/feed.atom${query}`;
  const items = entries.flatMap((entry) => [
    "<entry>",
    element("title", entry.title),
    `<id>urn:uuid:${entry.id}</id>`,
    `<link rel="alternate" href="${escaped(linkOf(origin, entry))}"/>`,
    element("published", entry.publishAt!.toISOString()),
    element("updated", changedAt(entry).toISOString()),
    `<author>${element("name", entry.username)}</author>`,
    ...entry.tagList.map((tag) => `<category term="${escaped(tag)}"/>`),
    element("summary", entry.description),
    element("content", entry.body),
    "</entry>",
  ]);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<feed xmlns="http://www.w3.org/2005/Atom">',
    element("title", title),
    element("id", self),
    `<link rel="self" href="${escaped(self)}"/>`,
    element("updated", updated.toISOString()),
    ...items,
    "</feed>",
    "",
  ].join("\n");
}

function linkOf(origin: string, { slug }: Entry): string {
  return `${origin}${ARTICLE_PATH}${encodeURIComponent(slug)}`;
}

function element(name: string, text: string): string {
  return `<${name}>${escaped(text)}</${name}>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
  // As it is, a parser would read it as a line feed.
  "\r": "&#13;",
};

/** Text for an element or an attribute. What XML 1.0 cannot say at all is left out (section 2.2). */
function escaped(text: string): string {
  return text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "")
    .replace(/[&<>"'\r]/g, (character) => ENTITIES[character]!);
}
