/**
 * Control: statements that a call may not send, because they would end its transaction under its feet, or outlive it
 * on a connection that the next call gets.
 */

/** What may stand before the first word: space and comments. */
const START = String.raw`^(?:\s|--[^\n]*(?:\n|$)|/\*[\s\S]*?\*/)*`;
const TRANSACTION = statement(
  "begin|commit|end|abort|start\\s+transaction|prepare\\s+transaction",
  "rollback(?!\\s+(?:(?:work|transaction)\\s+)?to\\b)",
);
const LASTING = statement(
  "set(?!\\s+(?:local|constraints|transaction)\\b)",
  "reset|discard|deallocate|listen|unlisten",
);

function statement(...words: string[]): RegExp {
  return new RegExp(`${START}(?:${words.join("|")})\\b`, "i");
}

/** Why a statement is refused; `null` when it is not. */
export function refusal(text: string): string | null {
  if (TRANSACTION.test(text)) {
    const rule = "a call is one transaction, which commits when `run` returns and is undone when it throws";
    return `"${firstWords(text)}" is refused: ${rule}.`;
  }
  if (LASTING.test(text)) {
    return `"${firstWords(text)}" is refused: it would outlive the call on a shared connection. Use \`set local\`.`;
  }
  return null;
}

function firstWords(text: string): string {
  return text.trim().split(/\s+/, 3).join(" ").slice(0, 60);
}
