/**
 * Upload: takes the body of a request as one file, and runs the command with it.
 *
 * Bytes pass from the socket to the store piece by piece, and wait where the store is slower. They are counted, hashed
 * and looked at on the way; what is too large or not what it claims to be is refused as soon as that is known. What is
 * not committed leaves nothing: bytes of a call that failed are removed at once, and of a node that died by the sweep.
 */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Arrival, CallRequest } from "../call/context.ts";
import { type CallResult, type CallRuntime, runCall } from "../call/run.ts";
import { authorizationOf } from "../call/scope.ts";
import { type Fault, fault } from "../define/errors.ts";
import { MEDIA_TYPE, type Upload, type UploadedFile } from "../define/file.ts";
import { newKey } from "../engines/files.ts";
import { askForBody, cutOff, hasBody } from "./body.ts";
import { bareType, HEAD_BYTES, isTextual, lieOf, TextCheck, takes } from "./file-type.ts";

/**
 * Runs a command with the file that a request brings.
 *
 * @throws {Fault} BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, FILE_TYPE_MISMATCH, INVALID_REQUEST; as `runCall` does.
 */
export async function runWithFile(
  request: IncomingMessage,
  call: CallRequest,
  { runtime, clock }: { readonly runtime: CallRuntime; readonly clock: () => Date },
): Promise<CallResult> {
  const authorization = authorizationOf(call);
  if (authorization !== null) await runCall(runtime, authorization);
  const arrival: Arrival = { file: await receive(request, call.endpoint.upload!, runtime), mayCount: false };
  const remove = () => runtime.files!.remove(arrival.file.key);
  try {
    // The file may have taken its time.
    return await runCall(runtime, { ...call, now: clock(), arrival });
  } catch (error) {
    if (!arrival.mayCount) await remove().catch((err) => call.log.warn({ err }, "bytes are left to the sweep"));
    throw error;
  }
}

async function receive(
  request: IncomingMessage,
  upload: Upload,
  { files, metrics }: CallRuntime,
): Promise<UploadedFile> {
  const type = typeOf(request, upload);
  if (Number(request.headers["content-length"] ?? 0) > upload.max) throw tooLarge(upload);
  askForBody(request);
  const [key, intake] = [newKey(), new Intake(type, upload)];
  try {
    await files!.put(key, intake.pass(piecesOf(request)));
  } finally {
    metrics.fileBytes.inc({ direction: "in" }, intake.size);
  }
  metrics.filesStored.inc();
  return { key, type, size: intake.size, sha256: intake.sha256 };
}

/** What passes through on its way to the store. */
class Intake {
  readonly #type: string;
  readonly #upload: Upload;
  readonly #hash = createHash("sha256");
  readonly #text: TextCheck | null;
  #head: Uint8Array[] | null = [];
  size = 0;

  constructor(type: string, upload: Upload) {
    this.#type = type;
    this.#upload = upload;
    this.#text = isTextual(type) ? new TextCheck() : null;
  }

  get sha256(): string {
    return this.#hash.copy().digest("hex");
  }

  async *pass(pieces: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    for await (const piece of pieces) {
      this.size += piece.length;
      if (this.size > this.#upload.max) throw tooLarge(this.#upload);
      this.#hash.update(piece);
      if (this.#text?.isText(piece) === false) throw mismatch(this.#type, "not text in UTF-8");
      this.#head?.push(piece);
      if (this.size >= HEAD_BYTES) await this.#checkHead();
      yield piece;
    }
    await this.#checkHead();
    if (this.#text?.isText(null) === false) throw mismatch(this.#type, "not text in UTF-8");
  }

  async #checkHead(): Promise<void> {
    if (this.#head === null) return;
    const head = Buffer.concat(this.#head).subarray(0, HEAD_BYTES);
    this.#head = null;
    const lie = await lieOf(this.#type, head);
    if (lie !== null) throw mismatch(this.#type, lie);
  }
}

/** The declared type, where it is taken. */
function typeOf({ headers }: IncomingMessage, { types }: Upload): string {
  const { "content-type": given, "content-encoding": encoding = "identity" } = headers;
  const accept = types.join(", ");
  const refuse = (detail: string) => fault("UNSUPPORTED_MEDIA_TYPE", { detail, headers: { accept } });
  if (encoding !== "identity") {
    throw refuse(`The file is encoded as "${encoding.slice(0, 40)}"; send it as it is.`);
  }
  if (given === undefined) throw refuse(`The file has no Content-Type; it takes ${accept}.`);
  const type = bareType(given);
  // What is none could be stored, and then not be sent.
  if (!MEDIA_TYPE.test(type)) throw refuse(`The file's Content-Type "${given.slice(0, 80)}" is no media type.`);
  if (!types.some((pattern) => takes(pattern, type))) {
    throw refuse(`The file has Content-Type "${given.slice(0, 80)}"; it takes ${accept}.`);
  }
  const charset = /;\s*charset\s*=\s*"?([\w-]+)"?/i.exec(given)?.[1] ?? "utf-8";
  if (isTextual(type) && !/^(?:utf-?8|us-ascii)$/i.test(charset)) {
    throw refuse(`The file is text in ${charset.slice(0, 40)}; send it in UTF-8.`);
  }
  return type;
}

/** The body, read as fast as it is taken. Where reading stops, the rest is dropped: the answer goes out beside it. */
async function* piecesOf(request: IncomingMessage): AsyncIterable<Uint8Array> {
  if (!hasBody(request)) return;
  try {
    for await (const piece of request.iterator({ destroyOnReturn: false })) yield piece as Uint8Array;
  } catch {
    throw cutOff();
  } finally {
    request.resume();
  }
}

function tooLarge({ max }: Upload): Fault {
  return fault("BODY_TOO_LARGE", { detail: `The limit of the file is ${max} bytes.`, facts: { maxBytes: max } });
}

function mismatch(declared: string, found: string): Fault {
  return fault("FILE_TYPE_MISMATCH", {
    detail: `The file is declared as ${declared}, but it is ${found}.`,
    facts: { declared, found },
  });
}
