import type { EpochMs } from "../domain/time.ts";
import type { Services } from "./services.ts";

/** How long events and their verdicts are kept. */
export const eventsKeptDays = 90;
const dayMs = 24 * 60 * 60 * 1_000;
/** One statement of the database must not take long, nor one run of this. */
const sliceRowsMax = 500;
const slicesMax = 100;

/** Removes events that were kept long enough, a bounded number of them. @returns how many */
export async function pruneEvents({ eventInbox, clock, log }: Services): Promise<number> {
  const moment = (clock.now() - eventsKeptDays * dayMs) as EpochMs;
  let removed = 0;
  for (let slice = 0; slice < slicesMax; slice += 1) {
    const count = await eventInbox.removeReceivedBefore(moment, sliceRowsMax);
    removed += count;
    if (count < sliceRowsMax) break;
  }
  if (removed > 0) log.info("events_pruned", { removed });
  return removed;
}
