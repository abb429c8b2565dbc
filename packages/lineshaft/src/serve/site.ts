/**
 * Sites: the built web page of an app, served from the same port as its API.
 *
 * All files are read at the start and served from memory under their paths, so nothing outside the folder can ever be
 * reached. Files whose names carry a hash, as bundlers write them, may be kept by browsers for good; the others are
 * asked again by their entity tags. Scripts and connections to other hosts are refused by the policy that goes along.
 */
import { readdir, readFile } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import type { Page } from "./exchange.ts";

/** Bytes of all files of one site. */
export const SITE_BYTES_MAX = 33_554_432;

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".webp": "image/webp",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".txt": "text/plain",
  ".map": "application/json",
};

/** The Content-Security-Policy of every page of a site. */
export const SITE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

const HASHED = /[.-][A-Za-z0-9_-]{8,}\.\w+$/;

/**
 * The pages of a folder with an `index.html`, by path.
 *
 * @param prefix  Where the site stands: `/tasks/`. The same without its last slash leads there.
 * @throws when the folder cannot be read, has no `index.html`, or is larger than `SITE_BYTES_MAX`.
 */
export async function sitePages(prefix: string, folder: string): Promise<[path: string, page: Page][]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause) => {
    throw new Error(`The site ${prefix} has no folder ${folder}: build it first.`, { cause });
  });
  const pages: [string, Page][] = [];
  let size = 0;
  for (const entry of entries.filter((each) => each.isFile())) {
    const file = join(entry.parentPath, entry.name);
    const bytes = await readFile(file);
    size += bytes.length;
    if (size > SITE_BYTES_MAX)
      throw new Error(`The site ${prefix} in ${folder} is larger than ${SITE_BYTES_MAX} bytes.`);
    const name = relative(folder, file).split(sep).join("/");
    const page = filePage(name, bytes);
    pages.push([`${prefix}${name}`, page]);
    if (name === "index.html") pages.push([prefix, page], ...redirect(prefix));
  }
  if (!pages.some(([path]) => path === prefix)) throw new Error(`The site ${prefix} has no index.html in ${folder}.`);
  return pages;
}

function filePage(name: string, bytes: Buffer): Page {
  const mediaType = TYPES[extname(name)] ?? "application/octet-stream";
  const keep = HASHED.test(name) ? "public, max-age=31536000, immutable" : "no-cache";
  const policy =
    mediaType === "text/html" ? { "content-security-policy": SITE_POLICY, "referrer-policy": "same-origin" } : {};
  const answer = { status: 200, mediaType, body: bytes, headers: { "cache-control": keep, ...policy }, tagged: true };
  return () => answer;
}

function redirect(prefix: string): [string, Page][] {
  return prefix === "/" ? [] : [[prefix.slice(0, -1), () => ({ status: 308, headers: { location: prefix } })]];
}
