import type { Context as HonoContext } from "hono";
import type { AppEnv } from "../app-env.ts";

/**
 * Which requests get a log line. `sampled`: those that were refused, failed or took long, and one in
 * {@link sampledOneIn} of the others. Writing a line takes about as long as answering from memory.
 */
export type RequestLogMode = "all" | "sampled";

export const sampledOneIn = 100;
/** A request that takes this long always gets a line. */
export const slowMs = 1_000;

const methods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
/** A client can make up any method, so only known ones go into the log. */
const methodOf = (method: string): string => (methods.has(method) ? method : "other");

const acceptableRequestId = /^[A-Za-z0-9_.-]{1,64}$/;

/**
 * Gives requests their ids (the client's own if it is harmless) and their log lines.
 * @returns a function that begins a request; it returns the one that ends it, for when there is an answer
 */
export function requestLog(mode: RequestLogMode): (c: HonoContext<AppEnv>) => () => void {
  let unremarkable = 0;
  const isDue = (isRemarkable: boolean): boolean => {
    if (isRemarkable || mode === "all") return true;
    unremarkable += 1;
    return unremarkable % sampledOneIn === 1;
  };
  return (c) => {
    const { clock, log } = c.get("services");
    const given = c.req.header("X-Request-Id");
    const requestId = given !== undefined && acceptableRequestId.test(given) ? given : crypto.randomUUID();
    c.set("requestId", requestId);
    const startedAt = clock.now();
    return () => {
      c.res.headers.set("X-Request-Id", requestId);
      const durationMs = clock.now() - startedAt;
      const outcome = c.get("refusal") ?? (c.res.ok ? "ok" : "failed");
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
  };
}
