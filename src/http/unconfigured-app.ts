import { Hono } from "hono";
import { securityHeaders } from "./middleware/security-headers.ts";

/** What answers while the configuration is wrong: 500 to everything, and not why, which is in the log. */
export const unconfiguredApp = new Hono()
  .use(securityHeaders)
  .all("*", (c) => c.json({ status: 500, error: "The service is not configured." }, 500));
