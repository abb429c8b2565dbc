/** What the tests of files share: the app with its folder, and files of known kinds. */
import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import { startTestApp, type TestApp, type TestOptions } from "../../testkit/index.ts";
import * as notes from "./files-app.ts";

export interface Stand extends AsyncDisposable {
  readonly app: TestApp;
  readonly folder: string;
  /** Where the bytes of all files lie, of halves as well. */
  readonly stored: () => Promise<readonly string[]>;
  /** Keys that count. */
  readonly rows: () => Promise<readonly string[]>;
}

/** An app that takes files. */
export async function openStand({ settings, ...options }: TestOptions = {}): Promise<Stand> {
  const folder = await mkdtemp(join(tmpdir(), "lineshaft-files-"));
  const app = await startTestApp(
    { services: { notes } },
    { ...options, settings: { filesFolder: folder, relay: "auto", ...settings } },
  );
  const client = await app.connect();
  const stored = async () => {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
    return entries.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
  };
  const rows = async () => {
    const { rows } = await client.query("select key from lineshaft.file order by key");
    return rows.map(({ key }) => key as string);
  };
  const end = async () => {
    await client.end();
    await app.stop();
    await rm(folder, { recursive: true });
  };
  return { app, folder, stored, rows, [Symbol.asyncDispose]: end };
}

export interface Note {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly sha256: string;
}

/** A file on its way in. */
export interface Sent {
  readonly bytes: string | Uint8Array | ReadableStream;
  readonly type: string | null;
  readonly name?: string;
  readonly end?: string;
}

/** Sends a file. */
export async function attach(app: TestApp, { bytes, type, name = "a", end }: Sent): Promise<Response> {
  const query = new URLSearchParams({ name, ...(end === undefined ? {} : { end }) });
  // A text would bring a type of its own.
  const body = typeof bytes === "string" ? Buffer.from(bytes) : bytes;
  const headers: Record<string, string> = type === null ? {} : { "content-type": type };
  return app.fetch(`/rooms/1/notes?${query}`, { method: "POST", headers, body, duplex: "half" } as RequestInit);
}

/** Sends a file that must be taken. */
export async function attached(app: TestApp, file: Sent): Promise<Note> {
  const response = await attach(app, file);
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
  return (await response.json()) as Note;
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A whole PNG of one pixel; `before` bytes of other data stand ahead of the picture. */
export function png(before = 0): Buffer {
  const chunk = (kind: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(kind), data]);
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    check.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, check]);
  };
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0])),
    ...(before > 0 ? [chunk("zTXt", Buffer.alloc(before, 1))] : []),
    chunk("IDAT", deflateSync(Buffer.from([0, 255]))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

export const PDF = Buffer.from("%PDF-1.4\n1 0 obj << /Type /Catalog >> endobj\ntrailer << /Root 1 0 R >>\n%%EOF\n");
export const GIF = Buffer.from("R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==", "base64");
/** An archive with nothing in it. */
export const ZIP = Buffer.concat([Buffer.from("PK\x05\x06", "latin1"), Buffer.alloc(18)]);
export const PROGRAM = Buffer.concat([Buffer.from("\x7fELF\x02\x01\x01", "latin1"), Buffer.alloc(60)]);
