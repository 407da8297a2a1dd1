import { inOrder, Places } from "../../platform/runtime/in-order.ts";
import { inSlices } from "../../platform/runtime/in-slices.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { Services } from "./context.ts";
import type { LeftExchange } from "./exchange-ports.ts";
import { keysNotIn } from "./keys-not-in.ts";

/** The objects themselves come back after 15 s, and every minute after that: by now they should have. */
export const leftAfterMs = 5 * 60_000;
const sliceRows = 100;
const limits = { slicesMax: 20, msMax: 20_000 } as const;
/** How many customers' objects are asked at a time. */
const concurrencyMax = 10;

/**
 * Has exchanges gone on with that have been under way for minutes, by their customers' objects: an object's alarm
 * finishes them, unless it was lost. Without a coupon service elsewhere nothing can be done about them.
 * @returns of how many customers, and how many could not be reached
 */
export async function resumeExchanges(services: Services): Promise<{ resumed: number; unreached: number }> {
  const { clock, couponService, exchanges, ledgers } = services;
  const counts = { resumed: 0, unreached: 0 };
  if (couponService === null) return counts;
  const before = (clock.now() - leftAfterMs) as EpochMs;
  const asked = new Set<string>();
  let last: LeftExchange | null = null;
  await inSlices(clock, limits, async (isOver) => {
    const left: readonly LeftExchange[] = await exchanges.leftHalfWay(before, last, sliceRows);
    last = left.at(-1) ?? null;
    await inOrder(
      keysNotIn(asked, left),
      () => [],
      new Places(concurrencyMax),
      async (key) => {
        if (isOver()) return;
        const { ok } = await ledgers.resumeExchanges(key);
        counts[ok ? "resumed" : "unreached"] += 1;
      },
    );
    return left.length === sliceRows;
  });
  return counts;
}
