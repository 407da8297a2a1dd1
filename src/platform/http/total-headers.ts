import type { Context as HonoContext } from "hono";
import type { AppEnv } from "./app-env.ts";

/** The documentation of the headers that tell how long a list is. */
export const totalHeaders = {
  "Items-Count": { description: "Items on all pages, when asked for.", schema: { type: "integer" as const } },
  "X-Total-Count": { description: "The same.", schema: { type: "integer" as const } },
};

/** Tells how many items all pages have; null: nobody asked. */
export function setTotal(c: HonoContext<AppEnv>, total: number | null): void {
  if (total === null) return;
  for (const name of Object.keys(totalHeaders)) c.header(name, String(total));
}
