import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import type { AppEnv } from "../app-env.ts";

/** The request headers that operations read. */
const ownHeaders = [
  "Authorization",
  "Content-Type",
  "Emporix-Tenant",
  "Idempotency-Key",
  "X-Request-Id",
  "X-Total-Count",
];

/** What published clients of Emporix's API send besides. Browsers send no request whose headers are not all allowed. */
const headersOfClients = [
  "Accept",
  "Accept-Language",
  "Content-Language",
  "Session-Id",
  "Saas-Token",
  "Vendor-Id",
  "X-Version",
];

/**
 * Lets pages from `origins` call the API in a browser; `*` stands for every origin. All others get no CORS header, so
 * browsers withhold the answers from them. Cookies play no part: clients send tokens explicitly.
 */
export function corsFor(origins: readonly string[]): MiddlewareHandler<AppEnv> {
  const isOpen = origins.includes("*");
  const allow = cors({
    origin: isOpen ? "*" : [...origins],
    allowMethods: ["GET", "POST", "PUT", "PATCH", "DELETE"],
    allowHeaders: [...ownHeaders, ...headersOfClients],
    exposeHeaders: [
      "Idempotency-Replayed",
      "Items-Count",
      "Retry-After",
      "X-Count",
      "X-Entry-Id",
      "X-Points-Balance",
      "X-Request-Id",
      "X-Searched-Newest",
      "X-Total-Count",
    ],
    maxAge: 86_400,
  });
  return async (c, next) => {
    if (isOpen || origins.includes(c.req.header("Origin") ?? "")) return allow(c, next);
    if (c.req.method === "OPTIONS") return c.body(null, 204, { Vary: "Origin" });
    await next();
    c.res.headers.append("Vary", "Origin");
    return undefined;
  };
}
