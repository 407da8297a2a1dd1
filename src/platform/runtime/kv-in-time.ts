import { withinDeadline } from "./within-deadline.ts";

/** How long KV may take. Requests wait for it, but can do without it. */
const deadlineMs = 2_000;

/**
 * KV's answer to a call.
 * @throws {Error} the call's own error, or one that says that KV did not answer within 2 s
 */
export const inTime = <Value>(call: Promise<Value>): Promise<Value> =>
  withinDeadline(call, deadlineMs, () => new Error(`No answer within ${deadlineMs} ms.`));
