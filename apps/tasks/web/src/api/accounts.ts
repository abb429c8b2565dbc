/** Calls of the accounts service. */
import type * as accounts from "lineshaft/accounts";
import { type Answered, endpoint } from "./fetch.ts";

export const me = endpoint<typeof accounts.me>("GET /accounts/me");
export const signIn = endpoint<typeof accounts.signIn>("POST /accounts/sign-in");
export const signUp = endpoint<typeof accounts.signUp>("POST /accounts/sign-up");
export const signOut = endpoint<typeof accounts.signOut>("POST /accounts/sign-out");
export const forgotPassword = endpoint<typeof accounts.forgotPassword>("POST /accounts/forgot-password");

export type Account = Answered<typeof accounts.me>;
