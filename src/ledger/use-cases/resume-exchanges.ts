import { inOrder, Places } from "../../platform/runtime/in-order.ts";
import { inSlices } from "../../platform/runtime/in-slices.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { Services } from "./context.ts";
import type { LeftExchange } from "./exchange-ports.ts";
import { keysNotIn } from "./keys-not-in.ts";

/** Objects resume exchanges by themselves after 15 s and then every minute. An exchange older than this is overdue. */
export const leftAfterMs = 5 * 60_000;
const sliceRows = 100;
const limits = { slicesMax: 20, msMax: 20_000 } as const;
/** How many customers' objects are called at a time. */
const concurrencyMax = 10;

/**
 * Lets customers' objects resume exchanges that have been under way for minutes. An object's alarm finishes them unless
 * it was lost. Without an upstream coupon service, nothing can be done about them.
 * @returns for how many customers exchanges were resumed, and how many customers' objects could not be reached
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
