import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "../app-env.ts";
import { Refused } from "../refused.ts";

/** Requests that are under way at a time: each takes memory, of which an isolate has 128 MB. */
const underWayMax = 1_024;
/** A request that has been under way for longer is late, in milliseconds. Storage gives up on a call a second later. */
const lateMs = 2_000;
/** How many late requests show that more comes in than gets done: one or a few wait for something of their own. */
const lateMax = 64;
/** A request that was never seen to end, in milliseconds: longer than any takes. */
const forgottenMs = 60_000;

/** The requests of this isolate that are under way, oldest first, with the moment at which they were let in. */
const underWay = new Map<number, number>();
let admitted = 0;

/**
 * Refuses requests while too many others are under way, or many have been for long. What is refused costs little, so that the others are
 * soon answered and the next ones let in; without it, everybody would wait longer and longer, and memory would grow.
 * It stands behind whatever waits for the client, so that slow clients do not count.
 */
export const admission: MiddlewareHandler<AppEnv> = async (c, next) => {
  const now = c.get("services").clock.now();
  if (areManyLate(now) || underWay.size >= underWayMax) throw new Refused({ code: "overloaded" });
  admitted += 1;
  const number = admitted;
  underWay.set(number, now);
  const work = next().finally(() => underWay.delete(number));
  // A request whose client has gone is finished all the same: it would not be counted out otherwise.
  c.executionCtx.waitUntil(work.catch(() => {}));
  await work;
};

/** Whether many are late. Also forgets what has never been seen to end. */
function areManyLate(now: number): boolean {
  let late = 0;
  for (const [number, since] of underWay) {
    if (since + lateMs > now) return false;
    if (since + forgottenMs <= now) underWay.delete(number);
    else late += 1;
    if (late >= lateMax) return true;
  }
  return false;
}
