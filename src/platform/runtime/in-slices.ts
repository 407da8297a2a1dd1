import type { Clock } from "./ports.ts";

/** How much a job does in one run. The next run does the rest. */
export interface SliceLimits {
  readonly slicesMax: number;
  /** After this time, no further slice starts. */
  readonly msMax: number;
}

/**
 * Works slice after slice, within the limits.
 * @param slice returns whether there may be another one; it can check whether the time is over
 */
export async function inSlices(
  clock: Clock,
  limits: SliceLimits,
  slice: (isOver: () => boolean) => Promise<boolean>,
): Promise<void> {
  const until = clock.now() + limits.msMax;
  const isOver = () => clock.now() >= until;
  for (let count = 0; count < limits.slicesMax && !isOver(); count += 1) {
    if (!(await slice(isOver))) return;
  }
}
