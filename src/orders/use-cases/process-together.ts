import type { Places } from "../../platform/runtime/in-order.ts";
import type { TenantId } from "../../platform/values/identifiers.ts";
import type { Services } from "./context.ts";
import { earnPoints, type PlainEvent } from "./earn-points.ts";
import type { EventSettlement } from "./event-ports.ts";
import type { KeptOrder } from "./order-state-ports.ts";
import { processWaiting } from "./process-single.ts";

/**
 * Carries plain events of one tenant out and keeps their verdicts, with one call for all of them where one will do. May
 * be repeated as often as one likes, whatever became of the attempts before: ledgers recognize commands by the event's
 * id, and orders by their own. An event whose customer has been erased since does nothing any more.
 * @param places where everything outside is asked
 * @returns the events that have to be tried again, each with the error for which it has to be: those that did not get
 * what they needed, and nobody else
 */
export async function processTogether(
  services: Services,
  tenant: TenantId,
  events: readonly PlainEvent[],
  places: Places,
): Promise<ReadonlyMap<PlainEvent, unknown>> {
  const { clock, eventInbox } = services;
  const failures = new Map<PlainEvent, unknown>();
  /** What fails has failed for all whom it concerns, and comes to null. */
  const workFor = async <Value>(
    concerned: readonly PlainEvent[],
    work: () => Promise<Value>,
  ): Promise<Value | null> => {
    if (concerned.length === 0) return null;
    try {
      return await places.use(work);
    } catch (error) {
      for (const event of concerned) failures.set(event, error);
      return null;
    }
  };

  const settlements: PlainSettlement[] = [];
  const { attempts, orders } = await earnPoints(services, tenant, events, places);
  for (const [event, attempt] of attempts) {
    if (attempt.ok) settlements.push({ event, verdict: attempt.value, isForgotten: false, at: clock.now() });
    else failures.set(event, attempt.failure);
  }

  const earners = Map.groupBy(
    settlements.flatMap((settlement) =>
      ordersThatEarned(settlement, orders).map((orderId) => ({ orderId, event: settlement.event })),
    ),
    ({ orderId }) => orderId,
  );
  const eventsOf = (orderId: string) => (earners.get(orderId) ?? []).map(({ event }) => event);
  // Kept before the waiting ones are looked up: they look for it after they were kept, so that of the two at least one
  // sees the other.
  const settled = settlements.map(({ event }) => event);
  const waiting = await workFor(settled, () => eventInbox.settle(tenant, settlements, [...earners.keys()]));
  const wakeUps = [...Map.groupBy(waiting ?? [], ({ orderId }) => orderId)].map(([orderId, own]) =>
    workFor(eventsOf(orderId), () => processWaiting(services, tenant, own)),
  );
  await Promise.all(wakeUps);
  return failures;
}

interface PlainSettlement extends EventSettlement {
  readonly event: PlainEvent;
}

/** The order that has earned by an event, if it has, and the one that it was split from: returns wait for either. */
function ordersThatEarned(
  { event: { action }, verdict: { kind } }: PlainSettlement,
  orders: ReadonlyMap<string, KeptOrder>,
): readonly string[] {
  if (action.kind !== "earn" || (kind !== "granted" && kind !== "duplicate")) return [];
  const { orderId } = action.news;
  const masterId = orders.get(orderId)?.masterId ?? null;
  return masterId === null ? [orderId] : [orderId, masterId];
}
