import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import type { AppEnv } from "../app-env.ts";

/** Lets the pages of `origins` call the API from a browser; `*` stands for every origin. */
export function corsFor(origins: readonly string[]): MiddlewareHandler<AppEnv> {
  return cors({
    origin: origins.includes("*") ? "*" : [...origins],
    allowMethods: ["GET", "POST", "PUT", "PATCH", "DELETE"],
    allowHeaders: ["Authorization", "Content-Type", "Idempotency-Key", "X-Request-Id", "X-Total-Count"],
    exposeHeaders: ["Idempotency-Replayed", "Items-Count", "Retry-After", "X-Request-Id", "X-Total-Count"],
    maxAge: 86_400,
  });
}
