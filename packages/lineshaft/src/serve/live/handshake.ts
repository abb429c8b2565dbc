/** Handshakes of sockets (RFC 6455, section 4.2.1): what the library does not look at, or answers in another way. */
import type { IncomingMessage } from "node:http";
import { fault } from "../../define/errors.ts";
import { hasBody } from "../body.ts";
import { checkHead } from "../head.ts";

const VERSION = "13";

/** @throws {Fault} UPGRADE_REQUIRED for another version; what makes the head of a request wrong. */
export function checkHandshake(request: IncomingMessage): void {
  checkHead(request);
  const { headers, httpVersion } = request;
  if (httpVersion !== "1.1") throw fault("INVALID_REQUEST", { detail: "A socket is opened with HTTP/1.1." });
  // Its bytes would be read as frames, or be left out.
  if (hasBody(request)) throw fault("INVALID_REQUEST", { detail: "A request for a socket has no body." });
  // Drafts name the page that asks in another header, which the rules for origins do not look at.
  if (headers["sec-websocket-version"] !== VERSION) {
    throw fault("UPGRADE_REQUIRED", {
      detail: `The version of WebSocket is ${VERSION} (Sec-WebSocket-Version).`,
      headers: { connection: "close, upgrade", upgrade: "websocket", "sec-websocket-version": VERSION },
    });
  }
}
