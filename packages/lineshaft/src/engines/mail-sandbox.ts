/** Mail in development and tests: recorded, shown, sent to nobody. */
import type { Mailer } from "../define/service.ts";

/** Mails kept; older ones are dropped. */
export const SANDBOX_MAILS_MAX = 200;

export interface RecordedMail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly at: Date;
}

export class MailSandbox implements Mailer, AsyncDisposable {
  readonly #mails: RecordedMail[] = [];

  async send(mail: { to: string; subject: string; text: string }): Promise<void> {
    this.#mails.push({ ...mail, at: new Date() });
    if (this.#mails.length > SANDBOX_MAILS_MAX) this.#mails.shift();
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** Newest first. */
  get mails(): readonly RecordedMail[] {
    return this.#mails.toReversed();
  }
}
