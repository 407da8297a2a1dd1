import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import worker from "../../../src/worker.ts";
import { bareLine, longOrder } from "../../support/orders/long-orders.ts";
import { returnUpdated } from "../../support/orders/order-events.ts";
import { sendSigned } from "../../support/orders/signed-events.ts";
import { Shop } from "../../support/shop.ts";

// Orders that are too long for a message of the queue, from the webhook to the balance, through the real queue.

const patience = { timeout: 20_000, interval: 100 };
const bytesOf = (value: object) => new TextEncoder().encode(JSON.stringify(value)).length;
const megabyte = 1024 * 1024;

interface Kept {
  readonly verdict: string;
  readonly points?: number;
  readonly reason?: string;
  readonly attempts: number;
  readonly event?: { readonly payload: { readonly entries: readonly object[] } };
}

let shop: Shop;
const path = () => `/reward-points/${shop.tenant}/events`;
const take = async (event: object): Promise<string> => {
  const answer = await shop.manage("POST", path(), event);
  expect(answer.status).toBe(202);
  return (answer.body as { id: string }).id;
};
const kept = async (id: string) => (await shop.manage("GET", `${path()}/${id}`)).body as Kept;
const settles = (id: string, verdict: string) =>
  expect.poll(async () => (await kept(id)).verdict, patience).toBe(verdict);

beforeAll(async () => {
  shop = await Shop.open({ enabled: true, codePrefix: "RP", orderValueToRewardPointsFactor: 1 });
});

test("an order of 25 lines, as the order service sends it, earns, and only what is needed of it is kept", async () => {
  const order = longOrder("LINES-25", "c25", 25);
  expect(bytesOf(order)).toBeGreaterThan(64 * 1024);
  const id = await take(order);
  await settles(id, "granted");
  expect(await shop.balance("c25")).toBe(250);
  const text = JSON.stringify(await kept(id));
  expect(text.length).toBeLessThan(12_000);
  expect(text).not.toMatch(/Erika|Heidestr|example|sturdy/);
});

describe("an order of thousands of lines", () => {
  const order = longOrder("LONG", "long", 7_700, bareLine);
  let id: string;

  beforeAll(async () => {
    id = await take(order);
  });

  test("earns, and is kept with all of its lines", async () => {
    const [least, most] = [0.9 * megabyte, megabyte];
    expect(bytesOf(order)).toBeGreaterThan(least);
    expect(bytesOf(order)).toBeLessThan(most);
    await settles(id, "granted");
    expect(await shop.balance("long")).toBe(77_000);
    expect((await kept(id)).event?.payload.entries).toHaveLength(7_700);
  });

  test("can be returned, and replayed", async () => {
    await settles(id, "granted");
    await settles(
      await take(returnUpdated("LONG-R", "LONG", 38_500, { requestor: { customerId: "long" } })),
      "reversed",
    );
    expect(await shop.balance("long")).toBe(38_500);
    expect((await shop.manage("POST", `${path()}/${id}/replay`)).status).toBe(202);
    await expect.poll(async () => (await kept(id)).attempts, patience).toBe(2);
    expect((await kept(id)).verdict).toBe("granted");
    expect(await shop.balance("long")).toBe(38_500);
  });

  test("is forgotten with its customer, and does nothing when its message comes again", async () => {
    await settles(id, "granted");
    await shop.manage("DELETE", "/reward-points/customer/long");
    expect(await kept(id)).not.toHaveProperty("event");
    const body = { tenant: shop.tenant, id, receivedAt: Date.now() };
    const batch = createMessageBatch("reward-points-events", [{ id: "0", timestamp: new Date(), attempts: 1, body }]);
    await worker.queue(batch, env);
    expect(await getQueueResult(batch, createExecutionContext())).toMatchObject({ explicitAcks: ["0"] });
    expect(await shop.balance("long")).toBe(0);
  });
});

test("a return of 50 orders with hundreds of items each is taken, and each order has its verdict", async () => {
  const orders = Array.from({ length: 50 }, (_, order) => ({
    id: `MANY-${order}`,
    items: Array.from({ length: 150 }, (_, item) => ({
      id: `item-${order}-${item}`,
      quantity: 1,
      total: { value: 1 },
    })),
  }));
  await take(longOrder("MANY-0", "many", 15));
  await take(longOrder("MANY-49", "many", 15));
  await expect.poll(() => shop.balance("many"), patience).toBe(300);
  const event = returnUpdated("MANY-R", "MANY-0", 7_500, { orders, requestor: { customerId: "many" } });
  expect(bytesOf(event)).toBeGreaterThan(300 * 1024);
  const id = await take(event);
  await settles(id, "reversed");
  await settles(`${id}.50`, "reversed");
  expect(await kept(`${id}.2`)).toMatchObject({ verdict: "waiting", reason: "order_has_not_earned" });
});

test("a signed order of nearly 1 MB is taken", async () => {
  expect((await sendSigned("signed", longOrder("SIGNED", "signed", 350), "new-secret")).status).toBe(202);
});

test("an event of more than 1 MB is refused, with the limit", async () => {
  const answer = await shop.manage("POST", path(), longOrder("TOO-LONG", "t", 500));
  expect(answer.status).toBe(413);
  expect(JSON.stringify(answer.body)).toContain(String(megabyte));
  expect(
    (await shop.manage("POST", `/reward-points/customer/t/addPoints`, { points: 1, description: "x".repeat(70_000) }))
      .status,
  ).toBe(413);
});

test("of an event of an unknown type, long or short, only ids are kept", async () => {
  const unknown = (more: object) => ({ type: "review.written", payload: { id: "R1", customerId: "c1", ...more } });
  const short = await take(unknown({ text: "Nice.", stars: 5 }));
  const long = await take(unknown({ text: "Nice. ".repeat(20_000) }));
  const manifold = await take(unknown({ words: Array.from({ length: 120 }, (_, index) => `word-${index}`) }));
  for (const id of [short, long, manifold]) await settles(id, "ignored");
  for (const id of [short, long, manifold]) expect((await kept(id)).event).toEqual(unknown({}));
  await shop.manage("DELETE", "/reward-points/customer/c1");
  for (const id of [short, long, manifold]) expect(await kept(id)).not.toHaveProperty("event");
});
