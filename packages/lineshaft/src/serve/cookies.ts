/** Cookies of a request (RFC 6265, section 5.4, read leniently: what cannot be decoded is taken as it stands). */

/** Values by name; of two with one name the first counts, as the more specific path comes first. */
export function cookiesOf(header: string | undefined): Readonly<Record<string, string>> {
  const cookies: Record<string, string> = Object.create(null);
  for (const pair of header?.split(";") ?? []) {
    const equals = pair.indexOf("=");
    if (equals < 1) continue;
    const name = pair.slice(0, equals).trim();
    if (name in cookies) continue;
    const raw = pair
      .slice(equals + 1)
      .trim()
      .replace(/^"(.*)"$/, "$1");
    cookies[name] = raw.includes("%") ? decoded(raw) : raw;
  }
  return cookies;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
