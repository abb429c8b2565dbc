/** The page that shows what the mail sandbox recorded; in development only. */
import type { MailSandbox, RecordedMail } from "../engines/mail-sandbox.ts";
import type { Page } from "../serve/exchange.ts";

export const MAIL_PATH = "/dev/mail";

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1c1c1c;
  background: #fff }
h1 { font-size: 1.4rem }
h2 { font-size: 1.1rem; margin: 0.8rem 0 0 }
article { border: 1px solid #d7d7d7; border-radius: 0.5rem; padding: 0 1rem; margin: 1rem 0 }
.to { color: #5a5a5a; margin: 0.2rem 0 }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit }
@media (prefers-color-scheme: dark) {
  body { color: #eee; background: #161616 }
  article { border-color: #444 }
  .to { color: #aaa }
  a { color: #8ab4ff }
}`;

const safe = (text: string): string => text.replace(/[&<>"']/g, (each) => `&#${each.charCodeAt(0)};`);

/** Turns the links of a mail into links of the page. */
const linked = (text: string): string =>
  safe(text).replace(/https?:\/\/[^\s<]+/g, (url) => `<a href="${url}">${url}</a>`);

const article = ({ to, subject, text, at }: RecordedMail): string => `<article>
<h2>${safe(subject)}</h2>
<p class="to">to ${safe(to)}, ${at.toISOString()}</p>
<pre>${linked(text)}</pre>
</article>`;

const NONE = "<p>No mail yet. Sign up an account, and its mail appears here.</p>";

export function mailPage(sandbox: MailSandbox, title: string): Page {
  return () => {
    const { mails } = sandbox;
    const body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Mail of ${safe(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Mail sandbox</h1>
<p>Recorded on this node, sent to nobody. Set SMTP_URL to send.</p>
${mails.length === 0 ? NONE : mails.map(article).join("\n")}
</main>
</body>
</html>`;
    const headers = { "cache-control": "no-store", "content-security-policy": POLICY };
    return { status: 200, mediaType: "text/html", body, headers };
  };
}
