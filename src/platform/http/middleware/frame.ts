import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "../app-env.ts";
import { answerFailure } from "../failure-answer.ts";
import type { Services } from "../services.ts";
import { corsFor } from "./cors.ts";
import { type RequestLogMode, requestLog } from "./request-log.ts";
import { secure } from "./security-headers.ts";
import { malformedUrl } from "./well-formed-url.ts";

/** Settings for the requests of all operations. */
export interface FrameSettings {
  readonly corsOrigins: readonly string[];
  /** Default: `all`. */
  readonly requestLog?: RequestLogMode;
}

/**
 * What every request goes through and every answer gets, whatever the operation. It is one layer, because each layer
 * costs every request a few microseconds.
 */
export function frame(services: Services, settings: FrameSettings): MiddlewareHandler<AppEnv> {
  const begin = requestLog(settings.requestLog ?? "all");
  const cors = corsFor(settings.corsOrigins);
  return async (c, next) => {
    c.set("services", services);
    const end = begin(c);
    const answer = await cors(c, async () => {
      const failure = malformedUrl(c.req.url);
      if (failure === null) await next();
      else c.res = answerFailure(c, failure);
    });
    if (answer instanceof Response) c.res = answer;
    secure(c.res.headers);
    end();
  };
}
