/** How long commits wait for company. */
export interface CompanyLimits {
  /** How many can be sent together; nobody waits for more. */
  readonly togetherMax: number;
  readonly pauseMs: number;
  readonly pausesMax: number;
}

/**
 * Waits for those who are on their way, for as long as more of them come: a commit takes the database about as long for
 * one as for many.
 * @param waiting how many there are now
 * @param pause resolves after so many milliseconds
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
