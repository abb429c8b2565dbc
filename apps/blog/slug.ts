/**
 * Slugs: the name of an article in its address.
 *
 * Accents and ligatures of Latin letters become plain letters; letters and digits of other scripts stay, since
 * addresses carry them and their readers can read them. Anything else separates words.
 */
import { randomBytes } from "node:crypto";

/** Characters of a slug made from a title, before a suffix. */
export const SLUG_CHARS_MAX = 80;
/** Slugs that would be hidden behind routes of their own: `/articles/feed`. */
const RESERVED: readonly string[] = ["feed", "search", "drafts"];
const SUFFIX_BYTES = 5;

/** Latin letters that do not come apart into a plain letter and an accent. */
const LETTERS: Readonly<Record<string, string>> = {
  ß: "ss",
  æ: "ae",
  œ: "oe",
  ø: "o",
  đ: "d",
  ð: "d",
  þ: "th",
  ł: "l",
  ħ: "h",
  ı: "i",
  ŋ: "ng",
};

/**
 * The slug of a title; never empty.
 *
 * @example slugOf("Crème brûlée, straße & 漢字!"); // "creme-brulee-strasse-漢字"
 */
export function slugOf(title: string): string {
  const plain = title
    .toLowerCase()
    .normalize("NFKD")
    // Only the accents of Latin letters: in other scripts such marks are vowels.
    .replace(/(\p{Script=Latin})\p{M}+/gu, "$1")
    .normalize("NFKC")
    .replace(/[ßæœøđðþłħıŋ]/g, (letter) => LETTERS[letter]!)
    .replace(/['’]/g, "")
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, "-");
  const slug = trimmed([...trimmed(plain)].slice(0, SLUG_CHARS_MAX).join(""));
  return slug === "" ? "article" : slug;
}

function trimmed(slug: string): string {
  return slug.replace(/^-+|-+$/g, "");
}

/** Whether a slug cannot be used as it is, whoever has it. */
export function isReserved(slug: string): boolean {
  return RESERVED.includes(slug);
}

/**
 * A slug that nobody has: random, not counted up, so that articles of the same title that are written at the same time
 * need not wait for each other.
 */
export function withSuffix(slug: string): string {
  return `${slug}-${randomBytes(SUFFIX_BYTES).toString("hex")}`;
}
