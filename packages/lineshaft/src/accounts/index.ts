/**
 * Accounts: who somebody is, how they prove it, and where they are signed in.
 *
 * An app has it by naming the module: `import * as accounts from "lineshaft/accounts"`, then
 * `app({ services: { accounts } })`. Then every endpoint with the actor rule `account` is for those who are
 * signed in, by `Authorization: Bearer <token>` (or `Token <token>`) or by the session cookie; of both, the header
 * counts.
 *
 * Model. `Account` is somebody; `Credential` how they prove it; `Session` a sign-in; `Verification` a mailed link. The
 * flows, the hashing and the tokens are those of better-auth (`engine.ts`), working inside the transaction of the call
 * (`adapter.ts`), so another service may `call(accounts.signUp, …)` and both commit or neither does. Limits count
 * requests: an endpoint that calls one of these declares a limit of its own.
 * Promises. Neither answers nor logs nor the database hold a password or a token that works. A session that was ended
 * is refused from the next request on, on every node. A mailed link works once, and opening it changes nothing.
 * Links. `links.ts` makes them, `mails.ts` says where they lead, `pages.ts` serves what is there.
 */
export { changeEmail, sendVerification, verifyEmail } from "./email.ts";
export { internal } from "./internal.ts";
export { Account } from "./model.ts";
export { pagesScript, resetPasswordPage, verifyEmailPage } from "./pages.ts";
export { changePassword, forgotPassword, resetPassword } from "./password.ts";
export { changeMe, me } from "./profile.ts";
export { accounts } from "./service.ts";
export { endOtherSessions, endSession, sessions } from "./sessions.ts";
export { signIn, signOut, signUp } from "./sign.ts";
