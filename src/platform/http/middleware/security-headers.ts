const yearSeconds = 365 * 24 * 3600;

/**
 * Answers are data for programs. A browser that is led to one should not run, frame, sniff or pass on any of it.
 * Headers that browsers no longer use (X-XSS-Protection and the like) are left out, and so are headers that matter only
 * to visible pages: each header costs every request a microsecond or two.
 */
const browserRules: readonly (readonly [name: string, value: string])[] = [
  ["Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"],
  ["X-Frame-Options", "DENY"],
  ["X-Content-Type-Options", "nosniff"],
  ["Referrer-Policy", "no-referrer"],
  // For this host only: this service does not decide for the other hosts of the domain.
  ["Strict-Transport-Security", `max-age=${yearSeconds}`],
  // Keeps pages of other origins from embedding answers. Storefronts fetch them with CORS, which this does not affect.
  ["Cross-Origin-Resource-Policy", "same-origin"],
];

/** Gives an answer, refusals included, the headers that keep browsers and caches from misusing it. */
export function secure(headers: Headers): void {
  for (const [name, value] of browserRules) headers.set(name, value);
  // Answers contain a person's balance, history, code or token. They are cached only if their route says so.
  if (!headers.has("Cache-Control")) headers.set("Cache-Control", "no-store");
}
