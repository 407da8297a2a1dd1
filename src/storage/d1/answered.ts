import { StoreConflict, StoreUnavailable } from "../../application/ports.ts";
import { withinDeadline } from "../../application/within-deadline.ts";

/** How long one call to D1 may take. D1 can stall for tens of seconds; its callers must not. */
export const d1DeadlineMs = 3_000;

/** How many nested causes are looked at; Drizzle and D1 wrap errors two or three deep. */
const depthMax = 8;

/**
 * The answer to a call to D1, within the deadline.
 * @throws {StoreConflict} when a constraint refused a write: nothing was stored
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
 * What an error of D1 means to its callers. D1's errors carry SQLite's text and no code. The outer ones also
 * carry parameters, and with them personal data, so only the innermost message is passed on.
 */
function translated(error: unknown): Error {
  const message = innermostMessage(error);
  if (/SQLITE_CONSTRAINT|constraint failed/i.test(message)) return new StoreConflict("The database refused the write.");
  if (/SQLITE_(ERROR|MISMATCH|RANGE|TOOBIG)|syntax error|no such (table|column)/i.test(message))
    return new Error(message);
  return new StoreUnavailable(message);
}

function innermostMessage(error: unknown): string {
  let current = error;
  for (let depth = 0; depth < depthMax; depth += 1) {
    if (!(current instanceof Error) || !(current.cause instanceof Error)) break;
    current = current.cause;
  }
  return current instanceof Error ? current.message : "unknown";
}
