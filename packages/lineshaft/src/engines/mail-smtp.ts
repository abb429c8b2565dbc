/** Mail over SMTP. */
import { createTransport } from "nodemailer";
import type { Mailer } from "../define/service.ts";

/** How long a server may take to answer. */
const SMTP_MS = 20_000;

export class SmtpMailer implements Mailer, AsyncDisposable {
  readonly #transport: { sendMail(mail: object): Promise<unknown>; close(): void };
  readonly #from: string;

  constructor(url: string, from: string) {
    const timeouts = { connectionTimeout: SMTP_MS, greetingTimeout: SMTP_MS, socketTimeout: SMTP_MS };
    this.#transport = createTransport({ url, pool: true, ...timeouts } as object);
    this.#from = from;
  }

  async send(mail: { to: string; subject: string; text: string }): Promise<void> {
    await this.#transport.sendMail({ ...mail, from: this.#from });
  }

  /** Closes the connections that are kept for the next mail. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#transport.close();
  }
}
