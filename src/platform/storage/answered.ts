import {
  StoreConflict,
  StoreOutcomeUnknown,
  StoreOverloaded,
  StoreUnavailable,
  TenantMoving,
} from "../runtime/store-errors.ts";
import { withinDeadline } from "../runtime/within-deadline.ts";

/** How long one call to D1 may take, including retries. D1 can stall for tens of seconds; its callers must not. */
export const d1DeadlineMs = 3_000;

/** How many attempts a read gets if D1 says that it may be repeated. D1 itself retries up to twice per attempt. */
export const readAttemptsMax = 3;
const retryPauseMsMax = 100;

/** How many nested causes are examined. Drizzle and D1 wrap errors two or three deep. */
const depthMax = 8;

/** D1 failed, but a retry may succeed a moment later. */
class TransientFailure extends StoreUnavailable {}

/**
 * The answer to a call to D1, within the deadline.
 * @throws {StoreConflict} when a constraint refused a write: nothing was stored
 * @throws {TenantMoving} when nothing of the tenant may be written to that database: nothing was stored
 * @throws {StoreOverloaded} when too many requests are waiting for the database: nothing was done
 * @throws {StoreUnavailable} when D1 did not answer: whether a write took effect is unknown
 * @throws {Error} when the statement itself is wrong: a defect
 */
export async function answered<T>(call: Promise<T>, deadlineMs: number = d1DeadlineMs): Promise<T> {
  try {
    return await withinDeadline(call, deadlineMs, () => new StoreUnavailable(`No answer within ${deadlineMs} ms.`));
  } catch (error) {
    throw error instanceof StoreUnavailable ? error : translated(error);
  }
}

/**
 * The answer to a read. Retries a few times while D1 says that this may help, but never beyond the deadline of a
 * single call.
 * @param read calls D1 anew each time
 * @throws what {@link answered} throws
 */
export async function answeredRead<T>(read: () => Promise<T>): Promise<T> {
  const until = Date.now() + d1DeadlineMs;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await answered(read(), Math.max(0, until - Date.now()));
    } catch (error) {
      // A random pause, longer after every failure, so that reads that failed together do not retry together.
      const pauseMs = Math.ceil(Math.random() * retryPauseMsMax * attempt);
      const isLast = attempt >= readAttemptsMax || Date.now() + pauseMs >= until;
      if (!(error instanceof TransientFailure) || isLast) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

/**
 * The answer to a write. Never retries.
 * @throws {StoreOutcomeUnknown} when D1 did not answer
 * @throws anything else that {@link answered} throws
 */
export async function answeredWrite<T>(write: Promise<T>): Promise<T> {
  try {
    return await answered(write);
  } catch (error) {
    const isCertain = error instanceof StoreOverloaded || error instanceof TenantMoving;
    if (!(error instanceof StoreUnavailable) || isCertain) throw error;
    throw new StoreOutcomeUnknown(error.message);
  }
}

/** How D1's documentation words its errors: https://developers.cloudflare.com/d1/observability/debug-d1/ */
const tryAgain =
  /network connection lost|storage caused object to be reset|reset because its code was updated|transient issue/i;
const overload = /D1 DB is overloaded|too many requests queued|requests queued for too long/i;

/**
 * What an error of D1 means to its callers. D1's errors carry SQLite's text but no code. The outer ones also carry
 * parameters, and with them personal data, so only the innermost message is passed on.
 */
function translated(error: unknown): Error {
  const message = innermostMessage(error);
  if (isOfTenantAway(message)) return new TenantMoving("The tenant is not at home in this database.");
  if (/SQLITE_CONSTRAINT|constraint failed/i.test(message)) return new StoreConflict("The database refused the write.");
  if (/SQLITE_(ERROR|MISMATCH|RANGE|TOOBIG)|syntax error|no such (table|column)/i.test(message))
    return new Error(message);
  if (overload.test(message)) return new StoreOverloaded(message);
  return tryAgain.test(message) ? new TransientFailure(message) : new StoreUnavailable(message);
}

/** Triggers raise this error when a tenant that is not at home in the database is written to: see tenants_away. */
const isOfTenantAway = (message: string): boolean => /\btenant_away\b/.test(message) && /constraint/i.test(message);

function innermostMessage(error: unknown): string {
  let current = error;
  for (let depth = 0; depth < depthMax; depth += 1) {
    if (!(current instanceof Error) || !(current.cause instanceof Error)) break;
    current = current.cause;
  }
  return current instanceof Error ? current.message : "unknown";
}
