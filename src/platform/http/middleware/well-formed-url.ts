import type { Failure } from "../failure.ts";

/**
 * Why a URL is refused whose percent-encoding stands for no text: two spellings of one id would otherwise be possible.
 * @returns null when there is nothing against it
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
