import type { Context as HonoContext } from "hono";
import type { AppEnv } from "./app-env.ts";

/** The documentation of the headers that state the length of a list. */
export const totalHeaders = {
  "Items-Count": {
    description: "The number of items on all pages, if requested.",
    schema: { type: "integer" as const },
  },
  "X-Total-Count": { description: "The same as Items-Count.", schema: { type: "integer" as const } },
};

/** Sets the headers with the number of items on all pages. Null: not requested. */
export function setTotal(c: HonoContext<AppEnv>, total: number | null): void {
  if (total === null) return;
  for (const name of Object.keys(totalHeaders)) c.header(name, String(total));
}
