/**
 * Suggestions: the known word that a mistyped one most likely stands for.
 */

/** Longer words are not compared: the work grows with the product of the lengths. */
const WORD_CHARS_MAX = 64;
/** More candidates than this are not looked at. */
const CANDIDATES_MAX = 1_000;
/** Typing errors that may lie between a word and its suggestion, however long it is. */
const EDITS_MAX = 3;

/**
 * The candidate nearest to a word, or `null` when none is near: one edit in three characters, at most `EDITS_MAX`.
 * Case counts for nothing; of equally near ones the first wins.
 *
 * @example
 * didYouMean("cod", ["id", "code"]); // "code"
 */
export function didYouMean(word: string, candidates: Iterable<string>): string | null {
  if (word.length === 0 || word.length > WORD_CHARS_MAX) return null;
  const limit = Math.min(EDITS_MAX, Math.max(1, Math.floor(word.length / 3)));
  let best: string | null = null;
  let bestEdits = limit + 1;
  let seenCount = 0;
  for (const candidate of candidates) {
    if ((seenCount += 1) > CANDIDATES_MAX) break;
    if (candidate === word || candidate.length === 0 || Math.abs(candidate.length - word.length) >= bestEdits) continue;
    const edits = editDistance(word.toLowerCase(), candidate.toLowerCase());
    // A word that shares no character is no suggestion, however short it is.
    if (edits < bestEdits && edits < Math.max(word.length, candidate.length)) [best, bestEdits] = [candidate, edits];
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      let edits = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (same ? 0 : 1));
      const swapped =
        row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped) edits = Math.min(edits, beforeLast[column - 2]! + 1);
      current.push(edits);
    }
    [beforeLast, last] = [last, current];
  }
  return last[right.length]!;
}
