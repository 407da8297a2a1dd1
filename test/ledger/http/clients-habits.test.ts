import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { TenantSummaries } from "../../../src/ledger/storage/tenant-summaries.ts";
import { balanceOf } from "../../../src/ledger/use-cases/balance-of.ts";
import type { Context } from "../../../src/ledger/use-cases/context.ts";
import type { CustomerId, TenantId } from "../../../src/platform/values/identifiers.ts";
import { refuse, succeed } from "../../../src/platform/values/result.ts";
import { TenantDatabases } from "../../../src/tenants/storage/tenant-databases.ts";
import { call, Shop } from "../../support/shop.ts";

describe("a POST whose body is optional", () => {
  test.each([
    ["without a body and a Content-Type", {}],
    ["with an empty body", { headers: { "Content-Type": "application/json" }, body: "" }],
    ["with an empty object", { json: {} }],
  ])("creates a customer's entry %s", async (_, sent) => {
    const shop = await Shop.open();
    const path = "/reward-points/customer/C1";
    expect(await call("POST", path, { token: shop.employee, ...sent })).toMatchObject({ status: 200 });
    expect((await call("GET", `${path}/summary`, { token: shop.employee })).status).toBe(200);
  });

  test.each(["addPoints", "redeemPoints"])("says what %s lacks when nothing is sent", async (operation) => {
    const shop = await Shop.open();
    const answer = await call("POST", `/reward-points/customer/C1/${operation}`, { token: shop.employee });
    expect(answer).toMatchObject({ status: 400, body: { details: [{ field: "points" }] } });
  });

  test("still says that another Content-Type is wrong, and replaces no body of a PUT", async () => {
    const shop = await Shop.open();
    const token = shop.employee;
    const text = { token, headers: { "Content-Type": "text/plain" }, body: "x" };
    expect((await call("POST", "/reward-points/customer/C1", text)).status).toBe(415);
    const mixin = `/site/${shop.tenant}/sites/main/mixins/notes`;
    await call("POST", `/site/${shop.tenant}/sites/main/mixins`, { token, json: { notes: { a: 1 } } });
    expect((await call("PUT", mixin, { token })).status).toBe(415);
    expect((await call("GET", mixin, { token })).body).toMatchObject({ a: 1 });
  });
});

describe("a customer without an entry, where the service is configured like Emporix's", () => {
  const balanceWith = (tenant: string, customerId: string, refusesUnknownCustomers: boolean, points: number) =>
    balanceOf(
      {
        services: {
          ledgers: { activePoints: async () => succeed(points) },
          summaries: new TenantSummaries(TenantDatabases.one(env.DB)),
          refusesUnknownCustomers,
        },
        principal: { tenant: tenant as TenantId },
      } as unknown as Context,
      customerId as CustomerId,
    );

  test("has no balance; one with an entry and no points has 0", async () => {
    const shop = await Shop.open();
    await call("POST", "/reward-points/customer/empty", { token: shop.employee });
    const unknown = refuse({ code: "ledger_not_found", customerId: "nobody" });
    expect(await balanceWith(shop.tenant, "nobody", true, 0)).toEqual(unknown);
    expect(await balanceWith(shop.tenant, "nobody", false, 0)).toEqual(succeed(0));
    expect(await balanceWith(shop.tenant, "empty", true, 0)).toEqual(succeed(0));
    // Whoever has points, or owes some, has an entry: nothing more is read.
    expect(await balanceWith(shop.tenant, "nobody", true, -5)).toEqual(succeed(-5));
  });

  test("has none again after an erasure", async () => {
    const shop = await Shop.open();
    const path = "/reward-points/customer/gone";
    await call("POST", path, { token: shop.employee });
    await call("DELETE", path, { token: shop.employee });
    expect(await balanceWith(shop.tenant, "gone", true, 0)).toMatchObject({ ok: false });
  });
});
