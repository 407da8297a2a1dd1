import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import { completedOrder, orderUpdated } from "../../support/orders/order-events.ts";
import { sendSigned } from "../../support/orders/signed-events.ts";
import { call } from "../../support/shop.ts";
import { employeeToken } from "../../support/tokens.ts";

// Signed events that somebody sends once more, through the real queue.

const tenant = "signed";
const secret = "new-secret";
const path = `/reward-points/${tenant}/events`;
const patience = { timeout: 15_000, interval: 100 };
const dayMs = 24 * 60 * 60 * 1_000;

let token: string;

interface Kept {
  readonly verdict: string;
  readonly reason?: string;
}

const manage = (method: string, to: string, json?: object) =>
  call(method, to, { token, ...(json === undefined ? {} : { json }) });
const sign = async (event: object): Promise<string> => {
  const answer = await sendSigned(tenant, event, secret);
  expect(answer.status).toBe(202);
  return (answer.body as { id: string }).id;
};
/** An employee sends it, with a token. */
const post = async (event: object): Promise<string> => ((await manage("POST", path, event)).body as { id: string }).id;
const kept = async (id: string): Promise<Kept> => (await manage("GET", `${path}/${id}`)).body as Kept;
const verdictOf = async (id: string): Promise<string> => {
  await expect.poll(async () => (await kept(id)).verdict, patience).toMatch(/^(?!waiting)/);
  const { verdict, reason } = await kept(id);
  return reason === undefined ? verdict : `${verdict}: ${reason}`;
};
const balance = async (customerId: string) => (await manage("GET", `/reward-points/customer/${customerId}`)).body;
const addPoints = (customerId: string, points: number) =>
  manage("POST", `/reward-points/customer/${customerId}/addPoints`, { points });
const daysAgo = (days: number) => new Date(Date.now() - days * dayMs).toISOString();

const deleted = (customerNumber: string, more: object = {}) => ({
  id: crypto.randomUUID(),
  type: "customer.deleted",
  payload: { customerNumber, tenant },
  ...more,
});

beforeAll(async () => {
  token = await employeeToken(tenant);
  const couponSettings = { rewardpoints: { enabled: true, codePrefix: "RP", orderValueToRewardPointsFactor: 1 } };
  await manage("POST", `/site/${tenant}/sites/main/mixins`, { couponSettings });
});

describe("a signed event that comes again", () => {
  test("erases nobody who has registered in between, whatever the order of its members", async () => {
    await addPoints("back", 10);
    const { id, type, payload } = deleted("back");
    expect(await verdictOf(await sign({ id, type, payload }))).toBe("erased");
    await addPoints("back", 20);
    const again = await sign({ payload: { tenant, customerNumber: "back" }, type, id });
    expect(await verdictOf(again)).toBe("duplicate");
    expect(JSON.stringify(await kept(again))).not.toContain("back");
    expect(await balance("back")).toBe(20);
  });

  test("in any number at once acts once", async () => {
    const customer = { id: "at-once" };
    const event = { id: "e1", ...orderUpdated("AT-ONCE", { customer }) };
    const ids = await Promise.all(Array.from({ length: 20 }, () => sign(event)));
    const verdicts = await Promise.all(ids.map(verdictOf));
    expect(verdicts.filter((verdict) => verdict === "granted")).toHaveLength(1);
    expect(verdicts.filter((verdict) => verdict === "duplicate")).toHaveLength(19);
    expect(await balance("at-once")).toBe(433);
  });

  test("is told from another one that has its id by mistake", async () => {
    const status = (of: string) => ({
      id: "same",
      ...orderUpdated("MISNUMBERED", { status: of, customer: { id: "m" } }),
    });
    expect(await verdictOf(await sign(status("CREATED")))).toBe("ignored: order_not_completed");
    expect(await verdictOf(await sign(status("COMPLETED")))).toBe("granted");
    expect(await balance("m")).toBe(433);
  });

  test("does nothing for an order that is deleted, either", async () => {
    const order = { id: "o1", ...orderUpdated("GONE", { customer: { id: "gone" } }) };
    expect(await verdictOf(await sign(order))).toBe("granted");
    expect(await verdictOf(await post({ type: "customer.deleted", payload: { customerNumber: "gone" } }))).toBe(
      "erased",
    );
    expect(await verdictOf(await sign(order))).toBe("duplicate");
    expect(await balance("gone")).toBe(0);
  });

  test("is carried out when an employee sends or replays it: that is on purpose", async () => {
    const event = { id: "o2", ...orderUpdated("ON-PURPOSE", { siteCode: "later", customer: { id: "p" } }) };
    const first = await sign(event);
    expect(await verdictOf(first)).toBe("ignored: site_unknown_or_switched_off");
    const again = await sign(event);
    expect(await verdictOf(again)).toBe("duplicate");
    const couponSettings = { rewardpoints: { enabled: true, orderValueToRewardPointsFactor: 1 } };
    await manage("POST", `/site/${tenant}/sites/later/mixins`, { couponSettings });
    expect((await manage("POST", `${path}/${again}/replay`)).status).toBe(202);
    await expect.poll(async () => (await kept(again)).verdict, patience).toBe("granted");
    expect(await verdictOf(await post(event))).toBe("duplicate");
    expect(await verdictOf(await post(deleted("p", { id: "d1" })))).toBe("erased");
    await addPoints("p", 5);
    expect(await verdictOf(await post(deleted("p", { id: "d1" })))).toBe("erased");
    expect(await balance("p")).toBe(0);
  });
});

describe("a signed event of long ago", () => {
  test.each([
    ["the envelope's time", (id: string) => ({ time: daysAgo(91), payload: completedOrder(id, { customer: { id } }) })],
    [
      "when its order was modified",
      (id: string) => ({ payload: completedOrder(id, { customer: { id }, metadata: { modifiedAt: daysAgo(91) } }) }),
    ],
  ])("is ignored by %s, and can be replayed", async (_what, contents) => {
    const customerId = `old-${crypto.randomUUID()}`;
    const id = await sign({ type: "order.updated", ...contents(customerId) });
    expect(await verdictOf(id)).toBe("ignored: too_old");
    expect(await balance(customerId)).toBe(0);
    await manage("POST", `${path}/${id}/replay`);
    await expect.poll(async () => (await kept(id)).verdict, patience).toBe("granted");
    expect(await balance(customerId)).toBe(433);
  });

  test("counts when it is not quite so old, tells a time that is none, or comes with a token", async () => {
    const order = (customerId: string, more: object) => ({
      ...orderUpdated(customerId, { customer: { id: customerId } }),
      ...more,
    });
    expect(await verdictOf(await sign(order("young", { time: daysAgo(89) })))).toBe("granted");
    expect(await verdictOf(await sign(order("timeless", { time: "2001" })))).toBe("granted");
    expect(await verdictOf(await post(order("imported", { time: daysAgo(900) })))).toBe("granted");
  });

  test("counts when what it tells of was deleted, and was modified last long ago", async () => {
    const metadata = { modifiedAt: daysAgo(91) };
    expect(await verdictOf(await sign(orderUpdated("UNCHANGED", { customer: { id: "unchanged" } })))).toBe("granted");
    const order = { type: "order.deleted", payload: { id: "UNCHANGED", metadata } };
    expect(await verdictOf(await sign(order))).toBe("reversed");
    await addPoints("unchanged", 5);
    const customer = deleted("unchanged", { payload: { customerNumber: "unchanged", metadata } });
    expect(await verdictOf(await sign(customer))).toBe("erased");
    expect(await balance("unchanged")).toBe(0);
  });
});

describe("a signed deletion of a customer", () => {
  test.each([
    ["without an id", undefined],
    ["with an id", crypto.randomUUID()],
  ])("erases nobody who has registered since, %s", async (_, id) => {
    await addPoints("anew", 30);
    const event = await sign(deleted("anew", { id, time: daysAgo(1.01) }));
    expect(await verdictOf(event)).toBe("ignored: registered_since");
    expect(await balance("anew")).toBe(30);
    expect(await verdictOf(await sign(deleted("anew", { time: new Date().toISOString() })))).toBe("erased");
    expect(await balance("anew")).toBe(0);
  });

  test("erases a ledger that an order has opened within a day of it", async () => {
    expect(await verdictOf(await sign(orderUpdated("LATE", { customer: { id: "late" } })))).toBe("granted");
    expect(await verdictOf(await sign(deleted("late", { time: daysAgo(0.99) })))).toBe("erased");
    expect(await balance("late")).toBe(0);
  });

  test.each([
    ["registered_since", 2],
    ["too_old", 91],
  ])("that was ignored as %s can be seen, and erases when it is replayed", async (reason, days) => {
    const customerId = `seen-${days}`;
    await addPoints(customerId, 30);
    const event = deleted(customerId, { time: daysAgo(days) });
    const id = await sign(event);
    expect(await verdictOf(id)).toBe(`ignored: ${reason}`);
    expect(await kept(id)).toMatchObject({ customerId, event });
    expect((await manage("POST", `${path}/${id}/replay`)).status).toBe(202);
    await expect.poll(async () => (await kept(id)).verdict, patience).toBe("erased");
    expect(await balance(customerId)).toBe(0);
    expect(JSON.stringify(await kept(id))).not.toContain(customerId);
  });

  test("erases whatever its time when an employee sends it", async () => {
    await addPoints("meant", 30);
    expect(await verdictOf(await post(deleted("meant", { time: daysAgo(30) })))).toBe("erased");
    expect(await balance("meant")).toBe(0);
  });
});

test("what is known of events is removed with them", async () => {
  const count = () => env.DB.prepare("select count(*) as count from known_events").first<number>("count");
  const event = { id: crypto.randomUUID(), ...orderUpdated("REMOVED", { customer: { id: "removed" } }) };
  expect(await verdictOf(await sign(event))).toBe("granted");
  expect(await count()).toBeGreaterThan(0);
  await env.DB.batch([
    env.DB.prepare("update known_events set received_at = 1"),
    env.DB.prepare("update order_events set received_at = 1"),
  ]);
  const { default: worker } = await import("../../../src/worker.ts");
  const { createScheduledController } = await import("cloudflare:test");
  await worker.scheduled(createScheduledController(), env);
  expect(await count()).toBe(0);
});
