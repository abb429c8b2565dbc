/**
 * Pages: where a mailed link leads when no front end takes it up.
 *
 * A page changes nothing by being opened, since scanners of mail open every link: it has a button, and a small script
 * file of our own sends what the button says as JSON (`POST` to the same path). A form without a script would have to
 * be sent urlencoded, which this server refuses everywhere, because that is how other sites' forms reach in. The page
 * is the same for everybody and never sees the token, which stands behind `#`. Its policy allows our script, our style
 * and our origin, nothing else.
 */
import { hash } from "node:crypto";
import type { Reply } from "../define/endpoint.ts";
import { content } from "../define/shape.ts";
import { accounts } from "./service.ts";
import { PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN } from "./sign.ts";

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:3rem auto;padding:0 1rem;
color:#1c1c1c;background:#fff}h1{font-size:1.4rem}label{display:block;margin:1rem 0}
input,button{font:inherit;box-sizing:border-box;padding:.6rem .8rem;border:1px solid #767676;border-radius:.4rem}
input{display:block;width:100%;margin-top:.3rem}
button{background:#14532d;color:#fff;border-color:#14532d;cursor:pointer}button:disabled{opacity:.6;cursor:default}
@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}input{color:#eee;background:#222}}`;

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  `style-src 'sha256-${hash("sha256", STYLE, "base64")}'`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const SCRIPT = `const form = document.querySelector("form");
const status = document.querySelector("[role=status]");
const button = form.querySelector("button");
const token = decodeURIComponent(location.hash.slice(1));

function say(text, ended) {
  status.textContent = text;
  button.disabled = ended;
}

if (token === "") say("The link is not whole: open it from the mail again, or copy all of it.", true);

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  say("One moment …", true);
  try {
    const body = JSON.stringify({ ...Object.fromEntries(new FormData(form)), token });
    const headers = { "content-type": "application/json" };
    const answer = await fetch(location.pathname, { method: "POST", headers, body, credentials: "omit" });
    if (answer.ok) {
      history.replaceState(null, "", location.pathname);
      form.hidden = true;
      say(form.dataset.done, true);
      return;
    }
    const problem = await answer.json();
    say(problem.detail ?? problem.title, answer.status === 410);
  } catch {
    say("The server cannot be reached. Try again.", false);
  }
});
`;

interface Page {
  readonly title: string;
  readonly text: string;
  readonly field?: string;
  readonly button: string;
  readonly done: string;
}

function html({ title, text, field = "", button, done }: Page): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">
<title>${title}</title><style>${STYLE}</style></head>
<body><main><h1>${title}</h1>
<form data-done="${done}"><p>${text}</p>${field}<button>${button}</button></form>
<p role="status"></p>
<noscript><p>This page needs JavaScript to send your answer.</p></noscript>
</main><script src="pages.js" defer></script></body>
</html>
`;
}

const CONFIRM = html({
  title: "Confirm your e-mail address",
  text: "Press the button to confirm that this address is yours.",
  button: "Confirm",
  done: "Thank you: the address is confirmed. You can close this page.",
});

const RESET = html({
  title: "Set a new password",
  text: `At least ${PASSWORD_CHARS_MIN} characters. You will be signed out everywhere.`,
  field: `<label>New password
<input type="password" name="newPassword" autocomplete="new-password" required
 minlength="${PASSWORD_CHARS_MIN}" maxlength="${PASSWORD_CHARS_MAX}"></label>`,
  button: "Set password",
  done: "The password is set. You can sign in with it now.",
});

function guarded(reply: Reply): void {
  reply.header("content-security-policy", POLICY);
  reply.header("referrer-policy", "no-referrer");
}

export const verifyEmailPage = accounts.query("GET /verify-email", {
  summary: "Page behind the link that confirms an address",
  actor: "anyone",
  output: content("text/html"),
  async run({ reply }) {
    guarded(reply);
    return CONFIRM;
  },
});

export const resetPasswordPage = accounts.query("GET /reset-password", {
  summary: "Page behind the link to a new password",
  actor: "anyone",
  output: content("text/html"),
  async run({ reply }) {
    guarded(reply);
    return RESET;
  },
});

export const pagesScript = accounts.query("GET /pages.js", {
  summary: "The script of these pages",
  actor: "anyone",
  output: content("text/javascript"),
  run: async () => SCRIPT,
});
