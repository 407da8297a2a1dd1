import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "../app-env.ts";
import { Refused } from "../refused.ts";

/** Refuses paths whose percent-encoding stands for no text: two spellings of one id would otherwise be possible. */
export const wellFormedPath: MiddlewareHandler<AppEnv> = async (c, next) => {
  try {
    decodeURIComponent(new URL(c.req.url).pathname);
  } catch {
    throw new Refused({
      code: "validation_failed",
      violations: [{ field: null, message: "The path is not percent-encoded UTF-8.", type: "invalid_path" }],
    });
  }
  await next();
};
