import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { AppEnv } from "../app-env.ts";
import { Refused } from "../refused.ts";

/** The largest body that is read. */
export const bodyBytesMax = 64 * 1024;

export const limitedBody: MiddlewareHandler<AppEnv> = bodyLimit({
  maxSize: bodyBytesMax,
  onError: () => {
    throw new Refused({ code: "payload_too_large", limitBytes: bodyBytesMax });
  },
});

/** Lets only bodies pass whose Content-Type is one of `mediaTypes` (lower case, without parameters). */
export function requireMediaType(...mediaTypes: readonly string[]): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const mediaType = c.req.header("Content-Type")?.split(";")[0]?.trim().toLowerCase() ?? "";
    if (!mediaTypes.includes(mediaType)) throw new Refused({ code: "unsupported_media_type" });
    await next();
  };
}
