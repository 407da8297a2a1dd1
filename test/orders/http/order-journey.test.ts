import { describe, expect, inject, test } from "vitest";
import { completedOrder, orderUpdated, returnUpdated } from "../../support/orders/order-events.ts";
import { sendSigned } from "../../support/orders/signed-events.ts";
import { call, Shop } from "../../support/shop.ts";

// From the webhook to the balance, through the real queue, ledger and inbox.

declare module "vitest" {
  interface ProvidedContext {
    /** The published order EON2076; null where it does not lie beside the project. */
    readonly exampleOrder: object | null;
  }
}

const exampleOrder = inject("exampleOrder");
const patience = { timeout: 15_000, interval: 100 };

const settingsOf = (more: object = {}) => ({
  enabled: true,
  codePrefix: "RP",
  orderValueToRewardPointsFactor: 1,
  ...more,
});

interface KeptEvent {
  readonly id: string;
  readonly verdict: string;
  readonly points?: number;
}

const eventsOf = async (shop: Shop, query = ""): Promise<readonly KeptEvent[]> => {
  const { body } = await shop.manage("GET", `/reward-points/${shop.tenant}/events?pageSize=200${query}`);
  return body as KeptEvent[];
};
const send = (shop: Shop, event: object) => shop.manage("POST", `/reward-points/${shop.tenant}/events`, event);
/** Resolves when every event has a verdict other than `waiting`. */
const settled = async (shop: Shop, count: number): Promise<readonly KeptEvent[]> => {
  await expect
    .poll(async () => (await eventsOf(shop)).filter(({ verdict }) => verdict !== "waiting").length, patience)
    .toBe(count);
  return eventsOf(shop);
};

describe("an order that completes", () => {
  test.each([
    ["total", 433],
    ["net", 368],
    ["subTotal", 300],
  ] as const)("earns by %s: %i points, with a grant that names it", async (earningBase, points) => {
    const shop = await Shop.open(settingsOf({ earningBase, validityInMonths: 12 }));
    const taken = await send(shop, orderUpdated("EON2076"));
    expect(taken.status).toBe(202);
    await expect.poll(() => shop.balance("61443563"), patience).toBe(points);
    const { body } = await shop.manage("GET", "/reward-points/customer/61443563/summary");
    expect(body).toMatchObject({
      activePoints: points,
      summary: {
        addedPointsList: [
          {
            "reference-id": "EON2076",
            description: expect.stringContaining("EON2076"),
            points,
            validUntil: expect.any(String),
          },
        ],
      },
    });
  });

  test.skipIf(exampleOrder === null)("is understood as the order service publishes it, signed", async () => {
    const tenant = "signed";
    const { employeeToken } = await import("../../support/tokens.ts");
    const token = await employeeToken(tenant);
    const couponSettings = { rewardpoints: settingsOf() };
    await call("POST", `/site/${tenant}/sites/DE/mixins`, { token, json: { couponSettings } });
    const payload = { ...exampleOrder, status: "COMPLETED" };
    expect((await sendSigned(tenant, { type: "order.updated", payload }, "new-secret")).status).toBe(202);
    const balance = async () => (await call("GET", "/reward-points/customer/61443563", { token })).body;
    await expect.poll(balance, patience).toBe(433);
  });

  test("earns once, though it is sent 50 times at once, shuffled with other orders", async () => {
    const shop = await Shop.open(settingsOf());
    const orders = Array.from({ length: 60 }, (_, index) =>
      index % 6 === 0 ? completedOrder(`other-${index}`, { customer: { id: "other" } }) : completedOrder("EON2076"),
    );
    await Promise.all(orders.map((order) => send(shop, order)));
    const events = await settled(shop, 60);
    expect(events.filter(({ verdict }) => verdict === "granted")).toHaveLength(11);
    expect(events.filter(({ verdict }) => verdict === "duplicate")).toHaveLength(49);
    expect(await shop.balance("61443563")).toBe(433);
    expect(await shop.balance("other")).toBe(4_330);
  });
});

describe("a return", () => {
  test("takes its share back, and a second one the rest", async () => {
    const shop = await Shop.open(settingsOf());
    await send(shop, orderUpdated("EON2076"));
    await settled(shop, 1);
    await send(shop, returnUpdated("R1", "EON2076", 216.86));
    const [first] = await settled(shop, 2);
    expect(first).toMatchObject({ verdict: "reversed", points: 216 });
    expect(await shop.balance("61443563")).toBe(217);
    await send(shop, returnUpdated("R2", "EON2076", 216.86));
    await settled(shop, 3);
    expect(await shop.balance("61443563")).toBe(0);
  });

  test("that comes before its order, and is sent again after it, counts once", async () => {
    const shop = await Shop.open(settingsOf());
    await send(shop, returnUpdated("R1", "EON2076", 433.72));
    await expect.poll(async () => (await eventsOf(shop, "&verdict=waiting")).length, patience).toBe(1);
    await send(shop, orderUpdated("EON2076"));
    await settled(shop, 2);
    await send(shop, returnUpdated("R1", "EON2076", 433.72));
    const events = await settled(shop, 3);
    expect(events.map(({ verdict }) => verdict)).toEqual(["duplicate", "granted", "reversed"]);
    expect(await shop.balance("61443563")).toBe(0);
  });

  test("that is rejected after its approval gives the points back", async () => {
    const shop = await Shop.open(settingsOf());
    await send(shop, orderUpdated("EON2076"));
    await settled(shop, 1);
    await send(shop, returnUpdated("R1", "EON2076", 433.72));
    await settled(shop, 2);
    expect(await shop.balance("61443563")).toBe(0);
    await send(shop, returnUpdated("R1", "EON2076", 433.72, { approvalStatus: "REJECTED" }));
    const [last] = await settled(shop, 3);
    expect(last).toMatchObject({ verdict: "restored", points: 433 });
    expect(await shop.balance("61443563")).toBe(433);
  });
});

test("a deleted order leaves nothing, and a deleted customer no ledger", async () => {
  const shop = await Shop.open(settingsOf());
  await send(shop, orderUpdated("A"));
  await send(shop, orderUpdated("B"));
  await settled(shop, 2);
  await send(shop, { type: "order.deleted", payload: { id: "A", siteCode: "main", status: "DELETED" } });
  await settled(shop, 3);
  expect(await shop.balance("61443563")).toBe(433);
  await send(shop, { type: "customer.deleted", payload: { customerNumber: "61443563", tenant: shop.tenant } });
  const [last] = await settled(shop, 4);
  expect(last?.verdict).toBe("erased");
  expect(await shop.balance("61443563")).toBe(0);
  expect((await shop.manage("GET", "/reward-points/customer/61443563/summary")).status).toBe(404);
});
