/** How long commits wait for others to join them. */
export interface CompanyLimits {
  /** The most that can be sent together. When so many wait, the wait ends. */
  readonly togetherMax: number;
  readonly pauseMs: number;
  readonly pausesMax: number;
}

/**
 * Waits for as long as more keep arriving, within the limits. The database takes about as long for one commit as for
 * many.
 * @param waiting returns how many wait now
 * @param pause resolves after the given number of milliseconds
 */
export async function waitForCompany(
  waiting: () => number,
  limits: CompanyLimits,
  pause: (ms: number) => Promise<void>,
): Promise<void> {
  for (let pauses = 0; pauses < limits.pausesMax; pauses += 1) {
    const before = waiting();
    if (before >= limits.togetherMax) return;
    await pause(limits.pauseMs);
    if (waiting() === before) return;
  }
}
