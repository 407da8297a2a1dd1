import type { Context as HonoContext, MiddlewareHandler } from "hono";
import type { AppEnv } from "./app-env.ts";

/**
 * Something that an operation asks of a request before its handler sees it.
 * @throws {Refused} unless the request may pass
 */
export type Check = (c: HonoContext<AppEnv>) => Promise<void> | void;

/** `checks`, one after another, as one layer of middleware: each layer costs every request some microseconds. */
export function inOneLayer(...checks: readonly Check[]): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    for (const check of checks) await check(c);
    await next();
  };
}
