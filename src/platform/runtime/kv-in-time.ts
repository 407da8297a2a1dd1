import { withinDeadline } from "./within-deadline.ts";

/** How long KV may take: a request waits for it, and can do without it. */
const deadlineMs = 2_000;

/**
 * KV's answer to a call.
 * @throws {Error} what the call ends with, or that KV has not answered within 2 s
 */
export const inTime = <Value>(call: Promise<Value>): Promise<Value> =>
  withinDeadline(call, deadlineMs, () => new Error(`No answer within ${deadlineMs} ms.`));
