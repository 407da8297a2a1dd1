import { inOrder, Places } from "../../platform/runtime/in-order.ts";
import { inSlices } from "../../platform/runtime/in-slices.ts";
import type { Actor, CommandId } from "../../platform/values/identifiers.ts";
import type { LedgerKey } from "../rules/ledger-key.ts";
import type { Services } from "./context.ts";
import { keysNotIn } from "./keys-not-in.ts";
import type { UnpostedLot } from "./ports.ts";
import { answerTo } from "./send-command.ts";

/** The actor of the entries that record expired points. */
export const expiryActor = "system:expiry" as Actor;

const sliceRows = 200;
const limits = { slicesMax: 20, msMax: 20_000 } as const;
/** How many customers' ledgers are written to at a time. */
const concurrencyMax = 10;
/** Commands for one customer in a run. Each enters hundreds of lots. */
const commandsMax = 20;

/**
 * Records in the journals which points expired unused, so that the history shows when. Balances do not change: they
 * fell at the moment of expiry.
 * @returns how many points were entered, for how many customers, and how many ledgers refused
 */
export async function enterExpiries(
  services: Services,
): Promise<{ points: number; customers: number; refused: number }> {
  const { clock, expiredLots } = services;
  const counts = { points: 0, customers: 0, refused: 0 };
  const by = clock.now();
  const asked = new Set<string>();
  let last: UnpostedLot | null = null;
  await inSlices(clock, limits, async (isOver) => {
    const lots: readonly UnpostedLot[] = await expiredLots.find(by, last, sliceRows);
    last = lots.at(-1) ?? null;
    await inOrder(
      keysNotIn(asked, lots),
      () => [],
      new Places(concurrencyMax),
      async (key) => {
        if (isOver()) return;
        const points = await expire(services, key);
        if (points === null) counts.refused += 1;
        else counts.customers += 1;
        counts.points += points ?? 0;
      },
    );
    return lots.length === sliceRows;
  });
  return counts;
}

/** @returns the points that expired; null when the ledger refused */
async function expire({ ledgers, log, newId }: Services, key: LedgerKey): Promise<number | null> {
  let points = 0;
  for (let count = 0; count < commandsMax; count += 1) {
    const id = newId();
    const intent = { kind: "expire" } as const;
    const command = { id: id as CommandId, actor: expiryActor, intent, fingerprint: id, idempotencyKey: null };
    const { result } = answerTo(intent, await ledgers.execute(key, command));
    if (!result.ok) {
      log.warn("expiry_refused", { tenant: key.tenant, reason: result.failure.code });
      return null;
    }
    // There may be more until a command enters nothing.
    if (result.value.points === 0) break;
    points += result.value.points;
  }
  return points;
}
