import { inSlices } from "../runtime/in-slices.ts";
import type { EpochMs } from "../values/time.ts";
import type { Services } from "./context.ts";

/** How long the outcome of a keyed request is kept: twice as long as promised. */
export const recordsKeptHours = 48;
const hourMs = 3_600_000;
const sliceRows = 500;
const limits = { slicesMax: 100, msMax: 20_000 } as const;

/** Removes idempotency records that were kept long enough, but only a bounded number. @returns how many */
export async function removeIdempotencyRecords({ answers, clock }: Services): Promise<{ removed: number }> {
  const moment = (clock.now() - recordsKeptHours * hourMs) as EpochMs;
  let removed = 0;
  await inSlices(clock, limits, async () => {
    const count = await answers.removeCreatedBefore(moment, sliceRows);
    removed += count;
    return count === sliceRows;
  });
  return { removed };
}
