/** The page that shows what the mail sandbox recorded; in development only. */
import type { MailSandbox, RecordedMail } from "../engines/mail-sandbox.ts";
import type { Page } from "../serve/exchange.ts";

export const MAIL_PATH = "/dev/mail";

const escape = (text: string): string =>
  text.replace(/[&<>"']/g, (each) => `&#${each.charCodeAt(0)};`);

/** Turns the links of a mail into links of the page. */
const linked = (text: string): string =>
  escape(text).replace(/https?:\/\/[^\s<]+/g, (url) => `<a href="${url}">${url}</a>`);

const article = ({ to, subject, text, at }: RecordedMail): string =>
  `<article><h2>${escape(subject)}</h2><p class="to">to ${escape(to)}, ${at.toISOString()}</p><pre>${linked(text)}</pre></article>`;

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1c1c1c;background:#fff}
h1{font-size:1.4rem}article{border:1px solid #d7d7d7;border-radius:.5rem;padding:0 1rem;margin:1rem 0}h2{font-size:1.1rem;margin:.8rem 0 0}
.to{color:#5a5a5a;margin:.2rem 0}pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit}
@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}article{border-color:#444}.to{color:#aaa}a{color:#8ab4ff}}`;

export function mailPage(sandbox: MailSandbox, title: string): Page {
  return () => {
    const { mails } = sandbox;
    const list = mails.length === 0 ? "<p>No mail yet. Sign up an account, and its mail appears here.</p>" : mails.map(article).join("");
    const body = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Mail of ${escape(title)}</title><style>${STYLE}</style></head><body><main><h1>Mail sandbox</h1><p>Recorded on this node, sent to nobody. Set SMTP_URL to send.</p>${list}</main></body></html>`;
    const headers = { "cache-control": "no-store", "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'" };
    return { status: 200, mediaType: "text/html", body, headers };
  };
}
