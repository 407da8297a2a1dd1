import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "../app-env.ts";

/**
 * Which requests have a log line. `sampled`: those that were refused, failed or took long, and one in
 * {@link sampledOneIn} of all others; writing a line takes about as long as answering from memory does.
 */
export type RequestLogMode = "all" | "sampled";

export const sampledOneIn = 100;
/** From then on a request is worth a line by itself. */
export const slowMs = 1_000;

const methods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
/** A method is whatever word a client makes up; only known ones go into the log. */
const methodOf = (method: string): string => (methods.has(method) ? method : "other");

const acceptableRequestId = /^[A-Za-z0-9_.-]{1,64}$/;

/** Gives every answer its `X-Request-Id` (the client's own when it is harmless), and requests their log lines. */
export function requestLog(mode: RequestLogMode): MiddlewareHandler<AppEnv> {
  let unremarkable = 0;
  const isDue = (isRemarkable: boolean): boolean => {
    if (isRemarkable || mode === "all") return true;
    unremarkable += 1;
    return unremarkable % sampledOneIn === 1;
  };
  return async (c, next) => {
    const { clock, log } = c.get("services");
    const given = c.req.header("X-Request-Id");
    const requestId = given !== undefined && acceptableRequestId.test(given) ? given : crypto.randomUUID();
    c.set("requestId", requestId);
    const startedAt = clock.now();
    await next();
    c.res.headers.set("X-Request-Id", requestId);
    const refusal = c.get("refusal");
    const durationMs = clock.now() - startedAt;
    const outcome = refusal ?? (c.res.ok ? "ok" : "failed");
    if (!isDue(outcome !== "ok" || durationMs >= slowMs)) return;
    log.info("request", {
      requestId,
      tenant: c.get("principal")?.tenant ?? null,
      operation: c.get("operation") ?? null,
      outcome,
      method: methodOf(c.req.method),
      status: c.res.status,
      durationMs,
    });
  };
}
