import type { Context as HonoContext, MiddlewareHandler } from "hono";
import type { AppEnv } from "./app-env.ts";

/**
 * A condition that a request must meet before the operation's handler sees it.
 * @throws {Refused} unless the request may pass
 */
export type Check = (c: HonoContext<AppEnv>) => Promise<void> | void;

/** Runs `checks` in order, as one layer of middleware. Each layer costs every request a few microseconds. */
export function inOneLayer(...checks: readonly Check[]): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    for (const check of checks) await check(c);
    await next();
  };
}
