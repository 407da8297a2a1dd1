import type { Failure } from "../failure.ts";

/**
 * The failure of a URL whose percent-encoding is not UTF-8. Such a URL would allow two spellings of one id.
 * @returns null when the URL is well-formed
 */
export function malformedUrl(url: string): Failure | null {
  if (!url.includes("%")) return null;
  const { pathname, search } = new URL(url);
  return malformedPart(pathname, "path") ?? malformedPart(search, "query");
}

function malformedPart(encoded: string, part: "path" | "query"): Failure | null {
  try {
    decodeURIComponent(encoded);
    return null;
  } catch {
    const message = `The ${part} is not percent-encoded UTF-8.`;
    return { code: "validation_failed", violations: [{ field: null, message, type: `invalid_${part}` }] };
  }
}
