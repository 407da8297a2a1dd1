import { knownAmong } from "../../orders/use-cases/admit-events.ts";
import { receiveEvent } from "../../orders/use-cases/receive-event.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import { type Change, type Source, sources } from "../rules/change.ts";
import { changesSince } from "./changes-since.ts";
import type { Services } from "./context.ts";
import type { ChangeSource } from "./ports.ts";

/** Each run begins this long before where the last one ended: a change may become visible after a later one. */
export const overlapMs = 5 * 60_000;
/** How much one run reads of each source. The next run reads on. */
const limits = { pagesMax: 50, msMax: 8_000 } as const;

/**
 * Reads orders and returns that changed since the last run, and receives each as if a webhook had sent it. The first
 * run begins at the moment of the run: `npm run orders:pull` reads what is older.
 *
 * Nothing is lost in a crash: a position moves forward once all changes before it are in the queue. Nothing counts
 * twice: what the inbox knows already is not received again, and an order counts once however often it arrives.
 * @returns how many were received, and how many were known; how many sources could not be read to the end
 */
export async function pollChanges(
  services: Services,
): Promise<{ received: number; known: number; refused: number; unread: number }> {
  const counts = { received: 0, known: 0, refused: 0, unread: 0 };
  const { changeSource } = services;
  if (changeSource === null) return counts;
  for (const source of sources) {
    if (!(await pollSource(services, changeSource, source, counts))) counts.unread += 1;
  }
  return counts;
}

interface Counts {
  received: number;
  known: number;
  refused: number;
}

async function pollSource(
  services: Services,
  changeSource: ChangeSource,
  source: Source,
  counts: Counts,
): Promise<boolean> {
  const { clock, positions, log } = services;
  const { tenant } = changeSource;
  const begun = clock.now();
  const position = await positions.find(tenant, source);
  if (position === null) await positions.advance(tenant, source, begun, begun);
  const since = ((position ?? begun) - overlapMs) as EpochMs;
  const reading = changesSince(changeSource, source, since);
  for (let pages = 0; pages < limits.pagesMax && clock.now() < begun + limits.msMax; pages += 1) {
    const { value, done } = await reading.next();
    if (done === true) {
      if (!value) log.warn("changes_not_read", { tenant, source });
      return value;
    }
    await receive(services, changeSource, value.changes, counts);
    // A date in the future, which clients can write, must not hide what changes until then.
    await positions.advance(tenant, source, Math.min(value.until, begun) as EpochMs, clock.now());
  }
  return true;
}

/** @throws {StoreUnavailable} when the queue or the inbox did not take one of them: the next run reads them again */
async function receive(
  services: Services,
  { tenant }: ChangeSource,
  changes: readonly Change[],
  counts: Counts,
): Promise<void> {
  const events = changes.map(({ event }) => event);
  const known = await knownAmong(services, tenant, events);
  counts.known += known.size;
  await Promise.all(
    events.map(async (event) => {
      if (known.has(event)) return;
      const received = await receiveEvent(services, { tenant, event, isOnPurpose: false });
      if (received.ok) counts.received += 1;
      else {
        counts.refused += 1;
        services.log.error("change_not_received", { tenant, code: received.failure.code });
      }
    }),
  );
}
