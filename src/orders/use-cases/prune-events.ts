import { inSlices } from "../../platform/runtime/in-slices.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { Services } from "./context.ts";

/** How long events and their verdicts are kept. */
export const eventsKeptDays = 90;
const dayMs = 24 * 60 * 60 * 1_000;
/** Neither a statement nor a run may take long. */
const sliceRows = 500;
const limits = { slicesMax: 100, msMax: 20_000 } as const;

/**
 * Removes events that were kept long enough, and reported states of orders and returns that have no known customer and
 * were not heard of since. One run removes a bounded number.
 * @returns how many
 */
export async function pruneEvents({ eventInbox, orderStates, clock }: Services): Promise<{
  removed: number;
  orders: number;
}> {
  const moment = (clock.now() - eventsKeptDays * dayMs) as EpochMs;
  const removeAll = async (remove: () => Promise<number>): Promise<number> => {
    let removed = 0;
    await inSlices(clock, limits, async () => {
      const count = await remove();
      removed += count;
      return count >= sliceRows;
    });
    return removed;
  };
  return {
    removed: await removeAll(() => eventInbox.removeReceivedBefore(moment, sliceRows)),
    orders: await removeAll(() => orderStates.removeOfNobody(moment, sliceRows)),
  };
}
