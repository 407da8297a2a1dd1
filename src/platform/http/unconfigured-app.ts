import { Hono } from "hono";
import { secure } from "./middleware/security-headers.ts";

/** Answers every request with 500 while the configuration is wrong. Only the log says why. */
export const unconfiguredApp = new Hono()
  .use(async (c, next) => {
    await next();
    secure(c.res.headers);
  })
  .all("*", (c) => c.json({ status: 500, error: "The service is not configured.", code: "internal" }, 500));
