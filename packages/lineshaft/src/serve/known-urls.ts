/**
 * Known URLs: which question a URL asks, for URLs that were asked lately: asking again needs no route to be found, no
 * input to be read and none to be checked, as long as the answer is kept.
 *
 * Only for queries whose input is all in the URL (`Gather.isOfUrl`).
 * Limits. `URLS_MAX` of at most `URL_CHARS_KNOWN_MAX` characters: two halves, of which the older one is forgotten when
 * the newer one is full; what is asked for is put into the newer one again.
 */
import type { Target } from "./exchange.ts";

export const URLS_MAX = 16_384;
export const URL_CHARS_KNOWN_MAX = 512;

export class KnownUrls {
  #newer = new Map<string, Target>();
  #older = new Map<string, Target>();

  get(url: string): Target | undefined {
    const known = this.#newer.get(url);
    if (known !== undefined) return known;
    const older = this.#older.get(url);
    if (older !== undefined) this.add(url, older);
    return older;
  }

  add(url: string, known: Target): void {
    if (url.length > URL_CHARS_KNOWN_MAX) return;
    if (this.#newer.size >= URLS_MAX / 2) {
      this.#older = this.#newer;
      this.#newer = new Map();
    }
    this.#newer.set(url, known);
  }
}
