const yearSeconds = 365 * 24 * 3600;

/**
 * Answers are data for programs: a browser that is led to one should run, frame, sniff and pass on nothing of it.
 * What browsers have given up (X-XSS-Protection and the like) is left out, and what only matters to pages that are shown:
 * each header costs every request a microsecond or two.
 */
const browserRules: readonly (readonly [name: string, value: string])[] = [
  ["Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"],
  ["X-Frame-Options", "DENY"],
  ["X-Content-Type-Options", "nosniff"],
  ["Referrer-Policy", "no-referrer"],
  // Of this host alone: what else runs below the domain is not this service's to decide.
  ["Strict-Transport-Security", `max-age=${yearSeconds}`],
  // Keeps pages of other origins from embedding answers. Storefronts fetch them with CORS, which this leaves alone.
  ["Cross-Origin-Resource-Policy", "same-origin"],
];

/** Gives an answer, refusals included, the headers that keep browsers and caches from misusing it. */
export function secure(headers: Headers): void {
  for (const [name, value] of browserRules) headers.set(name, value);
  // Answers are somebody's balance, history, code or token, and nobody else's: only a route that says so is cached.
  if (!headers.has("Cache-Control")) headers.set("Cache-Control", "no-store");
}
