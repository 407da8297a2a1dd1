import type { Places } from "../../platform/runtime/in-order.ts";
import type { TenantId } from "../../platform/values/identifiers.ts";
import type { KnownOrder } from "../rules/order-book.ts";
import type { Services } from "./context.ts";
import { earnPoints, isPlain, type PlainEvent } from "./earn-points.ts";
import type { JudgedEvent, OrderEvent } from "./event-ports.ts";
import { processOne, processWaiting } from "./process-one.ts";

/**
 * Carries out events of one tenant and records their verdicts. Plain events share calls where possible; the others
 * follow one after another. Events may be repeated any number of times, whatever became of earlier attempts: ledgers
 * recognize commands by the event's id, and orders are adjusted to states that are kept. An event whose customer has
 * been erased since does nothing, so it cannot bring an erased customer back.
 * @param places limit how many calls of plain events run at once
 * @returns the events that must be tried again, each with the error that is the reason
 */
export async function processEvents(
  services: Services,
  tenant: TenantId,
  events: readonly OrderEvent[],
  places: Places,
): Promise<ReadonlyMap<OrderEvent, unknown>> {
  const failures = new Map<OrderEvent, unknown>(await processPlain(services, tenant, events.filter(isPlain), places));
  const others = events.filter((event) => !isPlain(event));
  for (const event of others) {
    try {
      const forgotten = await services.eventInbox.forgottenAmong(tenant, [event.id]);
      if (!forgotten.has(event.id)) await processOne(services, event);
    } catch (error) {
      failures.set(event, error);
    }
  }
  return failures;
}

async function processPlain(
  services: Services,
  tenant: TenantId,
  events: readonly PlainEvent[],
  places: Places,
): Promise<ReadonlyMap<PlainEvent, unknown>> {
  const { clock, eventInbox } = services;
  const failures = new Map<PlainEvent, unknown>();
  /** Runs work for several events. A failure counts for each of them, and the result is then null. */
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

  const judged: JudgedEvent<PlainEvent>[] = [];
  const { attempts, orders } = await earnPoints(services, tenant, events, places);
  for (const [event, attempt] of attempts) {
    if (attempt.ok) judged.push({ event, verdict: attempt.value, isForgotten: false, at: clock.now() });
    else failures.set(event, attempt.failure);
  }

  const earners = Map.groupBy(
    judged.flatMap((one) => ordersThatEarned(one, orders).map((orderId) => ({ orderId, event: one.event }))),
    ({ orderId }) => orderId,
  );
  const eventsOf = (orderId: string) => (earners.get(orderId) ?? []).map(({ event }) => event);
  // Recorded before waiting events are looked up. Those are kept before they look for their order, so at least one of
  // the two sees the other.
  const concerned = judged.map(({ event }) => event);
  const waiting = await workFor(concerned, () => eventInbox.record(tenant, judged, [...earners.keys()]));
  const wakeUps = [...Map.groupBy(waiting ?? [], ({ orderId }) => orderId)].map(([orderId, own]) =>
    workFor(eventsOf(orderId), () => processWaiting(services, tenant, own)),
  );
  await Promise.all(wakeUps);
  return failures;
}

/** The order that an event made earn, if any, and the order that it was split from: returns may wait for either. */
function ordersThatEarned(
  { event: { action }, verdict: { kind } }: JudgedEvent<PlainEvent>,
  orders: ReadonlyMap<string, KnownOrder>,
): readonly string[] {
  if (action.kind !== "earn" || (kind !== "granted" && kind !== "duplicate")) return [];
  const { orderId } = action.report;
  const masterId = orders.get(orderId)?.masterId ?? null;
  return masterId === null ? [orderId] : [orderId, masterId];
}
