import { Hono } from "hono";
import { secure } from "./middleware/security-headers.ts";

/** What answers while the configuration is wrong: 500 to everything, and not why, which is in the log. */
export const unconfiguredApp = new Hono()
  .use(async (c, next) => {
    await next();
    secure(c.res.headers);
  })
  .all("*", (c) => c.json({ status: 500, error: "The service is not configured.", code: "internal" }, 500));
