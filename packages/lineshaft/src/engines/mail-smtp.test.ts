/** Mail over SMTP, to a server that speaks as much of RFC 5321 as one delivery needs. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { test } from "node:test";
import { openMail } from "../app/mail.ts";
import { readSettings } from "../app/settings.ts";
import { createLog } from "../observe/log.ts";
import { createMetrics } from "../observe/metrics.ts";

interface Delivery {
  readonly from: string;
  readonly to: string;
  readonly data: string;
}

/** Takes mails; refuses receivers in `refused`. */
async function startServer(refused: readonly string[] = []) {
  const deliveries: Delivery[] = [];
  const server: Server = createServer((socket) => {
    let [from, to, data, reading] = ["", "", "", false];
    socket.on("error", () => {});
    socket.write("220 test\r\n");
    let rest = "";
    socket.on("data", (chunk) => {
      const lines = (rest + chunk).split("\r\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (reading) {
          if (line !== ".") data += `${line}\n`;
          else {
            reading = false;
            deliveries.push({ from, to, data });
            socket.write("250 taken\r\n");
          }
        } else if (/^(EHLO|HELO)/i.test(line)) socket.write("250 test\r\n");
        else if (/^MAIL FROM:/i.test(line)) {
          from = line;
          socket.write("250 ok\r\n");
        } else if (/^RCPT TO:/i.test(line)) {
          to = line;
          socket.write(refused.some((each) => line.includes(each)) ? "550 nobody here\r\n" : "250 ok\r\n");
        } else if (/^DATA/i.test(line)) {
          reading = true;
          data = "";
          socket.write("354 go on\r\n");
        } else socket.write(/^QUIT/i.test(line) ? "221 bye\r\n" : "250 ok\r\n");
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return { deliveries, url: `smtp://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => closed(server) };
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

test("SMTP_URL chooses a mailer that delivers, and one that fails fails nobody's call", async () => {
  await using server = await startServer(["gone@example.com"]);
  const settings = readSettings({ SMTP_URL: server.url, MAIL_FROM: "Links <no-reply@example.com>" }, "/tmp");
  const lines: string[] = [];
  const log = createLog({ level: "info", readable: false, destination: { write: (line) => void lines.push(line) } });
  const metrics = createMetrics();
  await using mailer = openMail(settings, log, metrics);
  await mailer.send({ to: "ada@example.com", subject: "Grüße", text: "Follow https://example.com/x" });
  const [mail] = server.deliveries;
  assert.match(mail?.from ?? "", /no-reply@example\.com/);
  assert.match(mail?.to ?? "", /ada@example\.com/);
  assert.match(mail?.data ?? "", /Subject: =\?UTF-8\?/);
  assert.match(mail?.data ?? "", /Follow https:\/\/example\.com\/x/);
  await mailer.send({ to: "gone@example.com", subject: "Hello", text: "the text is not logged" });
  assert.equal(server.deliveries.length, 1);
  assert.match(lines.join(), /could not be sent/);
  assert.doesNotMatch(lines.join(), /the text is not logged/);
  const counted = await metrics.registry.getSingleMetricAsString("lineshaft_mails_total");
  assert.match(counted, /outcome="sent"\} 1/);
  assert.match(counted, /outcome="failed"\} 1/);
});
