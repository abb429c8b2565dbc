/** Drafts: what was written and not sent, by its place, while something else is looked at; of one account. */
export const drafts = new Map<string, string>();
