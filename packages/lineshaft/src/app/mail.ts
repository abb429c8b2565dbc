/** Mail of an app: SMTP where it is configured, else the sandbox. */
import type { Mailer } from "../define/service.ts";
import { MailSandbox } from "../engines/mail-sandbox.ts";
import { SmtpMailer } from "../engines/mail-smtp.ts";
import type { Logger } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Settings } from "./settings.ts";

/** The mailer that the settings choose. A mail that cannot be sent is logged and counted, and fails nobody's call. */
export function openMail(settings: Settings, log: Logger, metrics: Metrics): Mailer & AsyncDisposable {
  if (settings.smtpUrl === null) {
    if (settings.mode === "production") log.warn("SMTP_URL is not set: mails are recorded, and sent to nobody");
    return new MailSandbox();
  }
  const smtp = new SmtpMailer(settings.smtpUrl, settings.mailFrom);
  return {
    [Symbol.asyncDispose]: () => smtp[Symbol.asyncDispose](),
    async send(mail) {
      try {
        await smtp.send(mail);
        metrics.mails.inc({ outcome: "sent" });
      } catch (error) {
        metrics.mails.inc({ outcome: "failed" });
        log.error({ err: error, subject: mail.subject }, "a mail could not be sent");
      }
    },
  };
}
