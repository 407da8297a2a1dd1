import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "../app-env.ts";

const methods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
/** A method is whatever word a client makes up; only known ones go into the log. */
const methodOf = (method: string): string => (methods.has(method) ? method : "other");

const acceptableRequestId = /^[A-Za-z0-9_.-]{1,64}$/;

/** Gives every answer its `X-Request-Id` (the client's own when it is harmless), and every request its log line. */
export const requestLog: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { clock, log, newId } = c.get("services");
  const given = c.req.header("X-Request-Id");
  const requestId = given !== undefined && acceptableRequestId.test(given) ? given : newId();
  c.set("requestId", requestId);
  const startedAt = clock.now();
  await next();
  c.res.headers.set("X-Request-Id", requestId);
  log.info("request", {
    requestId,
    tenant: c.get("principal")?.tenant ?? null,
    operation: c.get("operation") ?? null,
    outcome: c.get("refusal") ?? (c.res.ok ? "ok" : "failed"),
    method: methodOf(c.req.method),
    status: c.res.status,
    durationMs: clock.now() - startedAt,
  });
};
