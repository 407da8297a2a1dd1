import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import type { CouponCode } from "../../../src/ledger/rules/exchange/coupon.ts";
import { RememberedExchanges } from "../../../src/options/storage/remembered-exchanges.ts";
import type { KeyedExchange } from "../../../src/options/use-cases/ports.ts";
import type { IdempotencyKey } from "../../../src/platform/values/idempotency-key.ts";
import type { Actor, RedeemOptionId, SiteCode, TenantId } from "../../../src/platform/values/identifiers.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";
import { type Answer, call, Shop } from "../../support/shop.ts";

// An isolate remembers for a minute which coupon an exchange has led to, and answers a repetition by itself.

const price = 10;

describe("a coupon exchange with a key", () => {
  let shop: Shop;
  let optionId: string;

  beforeEach(async () => {
    shop = await Shop.open();
    optionId = await shop.addOption(price);
    await shop.addPoints("C1", 100);
  });

  async function buy(
    more: { customer?: string; key?: string | null; id?: string; siteCode?: string; at?: Shop } = {},
  ): Promise<Answer> {
    const { customer = "C1", key = "k", id = optionId, siteCode, at = shop } = more;
    const query = siteCode === undefined ? "" : `?siteCode=${siteCode}`;
    return call("POST", `/reward-points/public/customer/redeem${query}`, {
      token: await at.customerToken(customer),
      headers: key === null ? {} : { "Idempotency-Key": key },
      json: { id },
    });
  }

  const stored = async (at = shop): Promise<number> => {
    const row = await env.DB.prepare("select count(*) as count from coupons where tenant = ?")
      .bind(at.tenant)
      .first<{ count: number }>();
    return row?.count ?? 0;
  };

  test("is answered with the same coupon, and marked, when it comes again", async () => {
    const first = await buy();
    const again = await buy();
    expect(first.headers.get("Idempotency-Replayed")).toBeNull();
    expect(again.status).toBe(200);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get("Idempotency-Replayed")).toBe("true");
    expect(await stored()).toBe(1);
    expect(await shop.balance("C1")).toBe(90);
  });

  test("is refused when the same key comes with another option, or for another site", async () => {
    const another = await shop.addOption(20);
    await buy();
    expect((await buy({ id: another })).status).toBe(422);
    expect((await buy({ siteCode: "other" })).status).toBe(422);
    expect(await stored()).toBe(1);
    expect(await shop.balance("C1")).toBe(90);
  });

  test("is another customer's own when another customer uses the same key", async () => {
    await shop.addPoints("C2", 100);
    const first = await buy();
    const other = await buy({ customer: "C2" });
    expect(other.status).toBe(200);
    expect(other.headers.get("Idempotency-Replayed")).toBeNull();
    expect(other.body).not.toEqual(first.body);
    expect(await stored()).toBe(2);
  });

  test("is another shop's own when its customer of the same id uses the same key", async () => {
    const other = await Shop.open();
    const id = await other.addOption(price);
    await other.addPoints("C1", 100);
    const first = await buy();
    const theirs = await buy({ at: other, id });
    expect(theirs.status).toBe(200);
    expect(theirs.body).not.toEqual(first.body);
    expect(await stored(other)).toBe(1);
  });

  test("keeps its refusal, which the ledger tells, whatever the balance is by then", async () => {
    const poor = { customer: "C3", key: "poor" };
    await shop.addPoints("C3", price - 1);
    const first = await buy(poor);
    await shop.addPoints("C3", price);
    const again = await buy(poor);
    expect([first.status, again.status]).toEqual([400, 400]);
    expect(again.headers.get("Idempotency-Replayed")).toBe("true");
    expect((await buy({ customer: "C3", key: "rich" })).status).toBe(200);
  });

  test("is a new one each time without a key", async () => {
    const codes = [await buy({ key: null }), await buy({ key: null })].map(({ body }) => JSON.stringify(body));
    expect(new Set(codes).size).toBe(2);
    expect(await stored()).toBe(2);
  });
});

describe("what an isolate remembers of exchanges", () => {
  const keyed = (more: Partial<IdempotencyKey> = {}): Pick<KeyedExchange, "idempotencyKey"> => ({
    idempotencyKey: { operation: "POST /redeem", caller: "customer:C1" as Actor, key: "k", ...more },
  });
  const request: KeyedExchange = {
    tenant: "shop" as TenantId,
    ...keyed(),
    siteCode: "main" as SiteCode,
    redeemOptionId: "voucher" as RedeemOptionId,
  };
  const code = "RP-1" as CouponCode;
  let now = 0;
  let exchanges: RememberedExchanges;

  beforeEach(() => {
    now = 1_000_000;
    exchanges = new RememberedExchanges({ now: () => now as EpochMs });
    exchanges.keep(request, code);
  });

  test("is forgotten after a minute", () => {
    now += 59_999;
    expect(exchanges.recall(request)).toBe(code);
    now += 1;
    expect(exchanges.recall(request)).toBeNull();
  });

  test.each<[string, Partial<KeyedExchange>]>([
    ["tenant", { tenant: "other" as TenantId }],
    ["operation", keyed({ operation: "POST /other" })],
    ["caller", keyed({ caller: "customer:C2" as Actor })],
    ["key", keyed({ key: "K" })],
    ["site", { siteCode: "other" as SiteCode }],
    ["option", { redeemOptionId: "other" as RedeemOptionId }],
    // Together they would read the same if nothing stood between them.
    ["cut between two of them", { ...keyed({ key: "km" }), siteCode: "ain" as SiteCode }],
    ["line end in the option's id", { redeemOptionId: "voucher\nmain" as RedeemOptionId }],
  ])("is not taken for a request with another %s", (_name, difference) => {
    expect(exchanges.recall({ ...request, ...difference })).toBeNull();
  });

  test("is bounded, and the oldest goes first", () => {
    for (let index = 0; index < 5_000; index += 1) exchanges.keep({ ...request, ...keyed({ key: `n${index}` }) }, code);
    expect(exchanges.recall(request)).toBeNull();
    expect(exchanges.recall({ ...request, ...keyed({ key: "n0" }) })).toBe(code);
  });
});
