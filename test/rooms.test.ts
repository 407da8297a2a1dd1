import { describe, expect, test } from "vitest";
import { circlesIn, objectionTo } from "../scripts/rooms/room-rules.ts";

describe("the build refuses", () => {
  test.each([
    ["a rule that knows a use-case", "src/ledger/rules/decide.ts", "src/ledger/use-cases/ports.ts"],
    ["a use-case that knows its adapter", "src/orders/use-cases/earn-points.ts", "src/orders/storage/event-inbox.ts"],
    ["an endpoint that knows storage", "src/ledger/http/add-points.ts", "src/ledger/storage/ledger-store.ts"],
    ["an endpoint that knows another room's", "src/options/http/redeem.ts", "src/coupons/http/get-coupon.ts"],
    ["a store that knows another room's", "src/orders/storage/event-inbox.ts", "src/coupons/storage/coupon-store.ts"],
    ["a ledger that knows another room", "src/ledger/rules/exchange/exchanging.ts", "src/coupons/rules/use.ts"],
    ["rooms that know each other both ways", "src/sites/use-cases/find-mixin.ts", "src/orders/rules/order-book.ts"],
    ["a platform that knows a room", "src/platform/requests/context.ts", "src/ledger/use-cases/ports.ts"],
    [
      "a rule that waits for the outside",
      "src/sites/rules/site-settings.ts",
      "src/platform/runtime/within-deadline.ts",
    ],
    ["a rule with a library of its own", "src/sites/rules/site-settings.ts", "zod"],
    ["a use-case that knows SQL", "src/coupons/use-cases/find-coupon.ts", "drizzle-orm"],
    ["a room that knows what stands above it", "src/orders/use-cases/receive-event.ts", "src/env.ts"],
    ["a room that is none", "src/helpers/rules/anything.ts", "src/platform/values/time.ts"],
    ["a layer that is none", "src/ledger/utils/anything.ts", "src/platform/values/time.ts"],
  ])("%s", (_name, from, to) => {
    expect(objectionTo(from, to)).not.toBeNull();
  });

  test("a circle, and names its files", () => {
    const imports = new Map([
      ["a.ts", ["b.ts"]],
      ["b.ts", ["c.ts"]],
      ["c.ts", ["b.ts", "d.ts"]],
    ]);
    expect(circlesIn(imports)).toEqual([["b.ts", "c.ts", "b.ts"]]);
  });
});

describe("the build takes", () => {
  test.each([
    ["a use-case that knows its rules", "src/ledger/use-cases/add-points.ts", "src/ledger/rules/grant.ts"],
    [
      "a room that knows the ledger",
      "src/options/use-cases/redeem-for-coupon.ts",
      "src/ledger/use-cases/send-command.ts",
    ],
    ["tables of other rooms, in storage", "src/ledger/storage/erasure.ts", "src/coupons/storage/tables.ts"],
    [
      "wire schemas of other rooms, in HTTP",
      "src/options/http/option-schemas.ts",
      "src/coupons/http/coupon-schemas.ts",
    ],
    ["exact decimals in rules", "src/sites/rules/earn-rule.ts", "big.js"],
    ["anything where everything is put together", "src/worker.ts", "src/orders/storage/event-inbox.ts"],
  ])("%s", (_name, from, to) => {
    expect(objectionTo(from, to)).toBeNull();
  });
});
