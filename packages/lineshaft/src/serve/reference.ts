/**
 * The API reference: a page on which people read what an app offers and try it.
 *
 * Model. Three things are served: the page, one script (Scalar's API reference, vendored by
 * `tools/vendor-api-reference.mjs` and compressed already), and the OpenAPI document, which the script loads.
 * Promises. Nothing is asked of another host: `CONFIGURATION` switches off what would (fonts, the request proxy, chat,
 * sharing, telemetry), and `REFERENCE_POLICY` makes the browser refuse it should an upgrade bring something new. The
 * page has no inline script: its configuration is an attribute. A request that is tried goes straight to the API, with
 * the cookies of the page.
 * To upgrade the script: vendor it, then run `reference.test.ts`, which looks at the page in a browser.
 */

import { readFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { brotliDecompress, gzip } from "node:zlib";
import { type Answer, qualities } from "./answer.ts";
import type { Page } from "./exchange.ts";

/** Where the platform serves the page, its script and the document. */
export const REFERENCE_PATH = "/docs";
export const REFERENCE_SCRIPT_PATH = "/docs/api-reference.js";
export const DOCUMENT_PATH = "/openapi.json";

/**
 * The Content-Security-Policy of the page. Styles may be inline, because the script makes them while it runs; scripts,
 * connections and everything else come from this origin or not at all.
 */
export const REFERENCE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "media-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Options of the script. Those that would reach other hosts are off; an empty `proxyUrl` means no proxy. */
const CONFIGURATION = {
  proxyUrl: "",
  telemetry: false,
  withDefaultFonts: false,
  agent: { disabled: true },
  mcp: { disabled: true },
  hideClientButton: true,
  showDeveloperTools: "never",
  documentDownloadType: "direct",
  persistAuth: false,
  // On a narrow screen this button would cover the URL of the request that is tried.
  customCss: "@media (max-width: 600px) { .scalar-client .scalar-sidebar-toggle { display: none } }",
  orderSchemaPropertiesBy: "preserve",
  orderRequiredPropertiesFirst: false,
  defaultHttpClient: { targetKey: "shell", clientKey: "curl" },
};

const SCRIPT_MAX_AGE_SECONDS = 3_600;
const SCRIPT = new URL("../../assets/api-reference.js.br", import.meta.url);

const gzipAsync = promisify(gzip);
const brotliDecompressAsync = promisify(brotliDecompress);

export interface ReferencePageOptions {
  readonly title: string;
  /** Where the page finds the OpenAPI document. */
  readonly documentUrl: string;
  /** Where the page finds what `referenceScript` gives. */
  readonly scriptUrl: string;
}

/** The page as HTML. Send it with `REFERENCE_POLICY`. */
export function referencePage(options: ReferencePageOptions): string {
  const { title, documentUrl, scriptUrl } = options;
  const configuration = JSON.stringify({ ...CONFIGURATION, url: documentUrl });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
</head>
<body>
<noscript>This page needs JavaScript. The document itself: <a href="${escaped(documentUrl)}">OpenAPI</a>.</noscript>
<div id="api-reference" data-configuration="${escaped(configuration)}"></div>
<script src="${escaped(scriptUrl)}"></script>
</body>
</html>
`;
}

/** The page's script, encoded as a client takes it. */
export interface ReferenceScript {
  readonly body: Buffer;
  /** For `Content-Encoding`; `null` for none. */
  readonly encoding: "br" | "gzip" | null;
}

/** Read once, encoded once: what is asked for again is there. */
const encoded: Partial<Record<"br" | "gzip", Promise<Buffer>>> = {};

/**
 * The script of the page. The file is kept in Brotli, which every browser takes over HTTPS and on localhost; others get
 * gzip or plain text, for which it is unpacked.
 *
 * @param acceptEncoding The header of the request. Default: Brotli.
 */
export async function referenceScript(acceptEncoding = "br"): Promise<ReferenceScript> {
  const accepted = qualities(acceptEncoding);
  const takes = (name: string): boolean => (accepted.get(name) ?? accepted.get("*") ?? 0) > 0;
  if (takes("br")) return { body: await brotli(), encoding: "br" };
  if (takes("gzip")) {
    encoded.gzip ??= brotli()
      .then(brotliDecompressAsync)
      .then((bytes) => gzipAsync(bytes));
    return { body: await encoded.gzip, encoding: "gzip" };
  }
  return { body: await brotliDecompressAsync(await brotli()), encoding: null };
}

function brotli(): Promise<Buffer> {
  encoded.br ??= readFile(SCRIPT);
  return encoded.br;
}

/** The page and its script by path, as the server takes them. */
export function referencePages(title: string): [path: string, page: Page][] {
  const body = referencePage({ title, documentUrl: DOCUMENT_PATH, scriptUrl: REFERENCE_SCRIPT_PATH });
  const headers = { "content-security-policy": REFERENCE_POLICY, "referrer-policy": "no-referrer" };
  const page: Answer = { status: 200, mediaType: "text/html", body, headers, tagged: true };
  return [
    [REFERENCE_PATH, () => page],
    [REFERENCE_SCRIPT_PATH, scriptAnswer],
  ];
}

async function scriptAnswer(request: IncomingMessage): Promise<Answer> {
  const header = request.headers["accept-encoding"];
  const { body, encoding } = await referenceScript(Array.isArray(header) ? header.join(",") : (header ?? "identity"));
  const headers = {
    "cache-control": `public, max-age=${SCRIPT_MAX_AGE_SECONDS}`,
    "content-encoding": encoding ?? "identity",
    vary: "accept-encoding",
  };
  return { status: 200, mediaType: "text/javascript", body, headers, tagged: true };
}

function escaped(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}
