import type { Context as HonoContext } from "hono";
import type { AppEnv } from "../../platform/http/app-env.ts";

/** The documentation of the Site Settings contract's header for the length of a list. */
export const countHeader = {
  "X-Count": { description: "The number of sites on all pages, if requested.", schema: { type: "integer" as const } },
};

export const setCount = (c: HonoContext<AppEnv>, total: number): void => c.header("X-Count", String(total));
