import { uuidv7 } from "uuidv7";
import { brokenLaws } from "../scripts/verify/ledger-laws.ts";
import type { QueueMessage, Runtime } from "../scripts/verify/runtime.ts";
import { TestShop } from "../scripts/verify/test-shop.ts";
import { rawRequest, sendAll } from "./load.ts";

/** What the queue hands out at a time: `max_batch_size` in wrangler.toml. */
const batchSize = 100;
const orderUnits = 42;

export interface OrderEventsPlan {
  readonly customers: number;
  /** Completed orders, each of its own; the customers' one after another, as a migration sends them. */
  readonly events: number;
  /** Batches that are delivered at a time: consumers of the queue. */
  readonly consumers: number;
  /** Whether the customers' objects are in memory before; their ledgers do not exist yet in either case. */
  readonly areAwake: boolean;
}

/** What is measured, and profiled. */
export const orderEvents = { customers: 200, events: 10_000, consumers: 4, areAwake: true } as const;

export interface OrderEventsResult {
  readonly grantsPerSecond: number;
  /** Sentences that say what does not add up; the run is void unless there are none. */
  readonly violations: readonly string[];
}

/**
 * Delivers completed orders of a new tenant to the queue's consumer, batch after batch, until all have earned.
 * @param timed runs what is measured: the deliveries, and nothing of what comes before and after them
 */
export async function measureOrderEvents(
  runtime: Runtime,
  tenant: string,
  plan: OrderEventsPlan,
  timed: <Value>(work: () => Promise<Value>) => Promise<Value> = (work) => work(),
): Promise<OrderEventsResult> {
  const shop = await TestShop.open(runtime, tenant);
  if (plan.areAwake) await wakeUp(runtime, shop, plan.customers);
  const waiting = batchesOf(tenant, plan);
  let retries = 0;
  const consume = async () => {
    for (let batch = waiting.pop(); batch !== undefined; batch = waiting.pop()) {
      const { outcome, retryMessages } = await runtime.deliver(batch);
      if (outcome !== "ok") throw new Error(`A batch of order events ended with ${outcome}.`);
      retries += retryMessages.length;
    }
  };
  const seconds = await timed(async () => {
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: plan.consumers }, consume));
    return (performance.now() - startedAt) / 1_000;
  });
  const broken = retries === 0 ? [] : [`${retries} messages were to come again`];
  const violations = [...broken, ...(await violationsOf(runtime, tenant, plan)), ...(await brokenLaws(runtime))];
  return { grantsPerSecond: plan.events / seconds, violations };
}

const customerIdOf = (index: number): string => `C${index}`;

/** Asks for the balance of each customer, who has none yet. */
async function wakeUp(runtime: Runtime, { employee }: TestShop, customers: number): Promise<void> {
  const requests = Array.from({ length: customers }, (_, index) =>
    rawRequest({ method: "GET", path: `/reward-points/customer/${customerIdOf(index)}`, token: employee }),
  );
  await sendAll(Number(new URL(runtime.url).port), requests);
}

/** The last batch comes first. */
function batchesOf(tenant: string, { customers, events }: OrderEventsPlan): QueueMessage[][] {
  const messages = Array.from({ length: events }, (_, index): QueueMessage => {
    const customerId = customerIdOf(Math.floor((index * customers) / events));
    const event = { type: "order.updated", payload: completedOrder(`EON${index}`, customerId) };
    const body = { tenant, id: uuidv7(), receivedAt: Date.now(), event };
    return { id: `message-${index}`, timestamp: new Date(), attempts: 1, body };
  });
  const batches: QueueMessage[][] = [];
  for (let from = 0; from < events; from += batchSize) batches.unshift(messages.slice(from, from + batchSize));
  return batches;
}

/** What a batch's messages hold. */
export const eventBatch = (tenant: string): readonly object[] =>
  batchesOf(tenant, { ...orderEvents, events: batchSize }).flatMap((batch) => batch.map(({ body }) => body as object));

/** An order of two items, as the order service shows it, without the parts that nobody reads here. */
function completedOrder(id: string, customerId: string): object {
  const price = { netValue: orderUnits / 2, grossValue: orderUnits / 2 };
  const entry = (itemId: string) => ({
    id: itemId,
    quantity: 1,
    product: { id: `P-${itemId}`, name: `Product ${itemId}` },
    calculatedPrice: { finalPrice: price },
  });
  return {
    id,
    status: "COMPLETED",
    siteCode: "main",
    currency: "EUR",
    customer: { id: customerId, email: `${customerId}@example.com` },
    entries: [entry("1"), entry("2")],
    calculatedPrice: { finalPrice: { netValue: orderUnits, grossValue: orderUnits } },
    subTotalPrice: orderUnits,
    totalPrice: orderUnits,
    metadata: { version: 3 },
  };
}

/** Every order has earned, once, what it is worth, and the inbox says so of every event. */
async function violationsOf(runtime: Runtime, tenant: string, { events }: OrderEventsPlan): Promise<string[]> {
  const [ledgers] = await runtime.query<{ orders: number; grants: number; points: number }>(
    `select count(distinct reference_id) as orders, count(*) as grants, coalesce(sum(points), 0) as points
     from ledger_entries where tenant = ? and kind = 'granted'`,
    tenant,
  );
  const [inbox] = await runtime.query<{ granted: number; kept: number }>(
    `select coalesce(sum(verdict = 'granted' and points = ?), 0) as granted, count(*) as kept
     from order_events where tenant = ?`,
    orderUnits,
    tenant,
  );
  const found = { ...ledgers, ...inbox };
  const expected = { orders: events, grants: events, points: events * orderUnits, granted: events, kept: events };
  const [is, should] = [JSON.stringify(found), JSON.stringify(expected)];
  return is === should ? [] : [`${events} orders earned ${is} instead of ${should}`];
}
