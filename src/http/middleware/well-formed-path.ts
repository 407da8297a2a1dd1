import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "../app-env.ts";
import { Refused } from "../refused.ts";

/**
 * Refuses paths and queries whose percent-encoding stands for no text: two spellings of one id would otherwise be
 * possible.
 */
export const wellFormedPath: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (c.req.url.includes("%")) {
    const { pathname, search } = new URL(c.req.url);
    requireText(pathname, "path");
    requireText(search, "query");
  }
  await next();
};

function requireText(encoded: string, part: "path" | "query"): void {
  try {
    decodeURIComponent(encoded);
  } catch {
    const message = `The ${part} is not percent-encoded UTF-8.`;
    throw new Refused({ code: "validation_failed", violations: [{ field: null, message, type: `invalid_${part}` }] });
  }
}
