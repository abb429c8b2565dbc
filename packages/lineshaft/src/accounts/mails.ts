/**
 * Mails: what accounts write, and when it is sent.
 *
 * A mail leaves after the commit of the call that wrote it, never when the call is undone, and the answer does not wait
 * for it. Links carry their token behind `#`: a browser keeps that part to itself, so the token stands in no log of a
 * server or proxy and in no `Referer`, and a scanner that opens every link of a mail uses nothing up.
 */
import type { ReplyHeaders } from "../call/context.ts";
import type { Reply } from "../define/endpoint.ts";
import { surroundings } from "./surroundings.ts";

/** A mail without its receiver. */
export interface Letter {
  readonly subject: string;
  readonly text: string;
}

/** Sends a mail once the call has committed. */
export function sendAfterCommit(reply: Reply, to: string, letter: Letter): void {
  const { mail } = surroundings();
  (reply as ReplyHeaders).afterCommit(() => mail.send({ to, ...letter }));
}

function link(path: string, token: string): string {
  return `${surroundings().origin()}/accounts/${path}#${token}`;
}

function host(): string {
  return new URL(surroundings().origin()).host;
}

const lines = (...each: readonly string[]): string => `${each.join("\n\n")}\n`;

/** Asks whether an address is its owner's. */
export function confirmLetter(token: string, days: number): Letter {
  return {
    subject: "Confirm your e-mail address",
    text: lines(
      `Somebody, probably you, wants to use this address for an account at ${host()}.`,
      `To confirm it, open this page and press the button:\n${link("verify-email", token)}`,
      `The link works once, for ${days === 1 ? "a day" : `${days} days`}. If it was not you, do nothing.`,
    ),
  };
}

/** Gives a way to a new password. */
export function resetLetter(token: string, minutes: number): Letter {
  return {
    subject: "Set a new password",
    text: lines(
      `Somebody, probably you, has forgotten the password of the account at ${host()} with this address.`,
      `To set a new one, open this page:\n${link("reset-password", token)}`,
      `The link works once, for ${minutes} minutes. If it was not you, do nothing: the old password stays.`,
    ),
  };
}

/** Tells that a password is another one now. */
export function passwordChangedLetter(): Letter {
  return {
    subject: "Your password was changed",
    text: lines(
      `The password of your account at ${host()} was changed.`,
      "If it was not you, set a new one with “forgot password” and look through your sessions.",
    ),
  };
}

/** Tells the old address that it is not the account's any more. */
export function emailChangedLetter(): Letter {
  return {
    subject: "Your e-mail address was changed",
    text: lines(
      `Your account at ${host()} has another e-mail address now, and this one does not belong to it any more.`,
      "If it was not you, turn to those who run the site.",
    ),
  };
}
