import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { allScopes } from "../../support/prepared-shop.ts";
import { type Answer, call, Shop, tenPercentOff } from "../../support/shop.ts";
import { employeeToken, guestToken } from "../../support/tokens.ts";

let shop: Shop;
let manager: string;
const percent = { name: "Summer", discountType: "PERCENT", discountPercentage: 10 };
const use = { orderTotal: { amount: 100, currency: "EUR" }, discount: { amount: 10, currency: "EUR" } };

beforeEach(async () => {
  shop = await Shop.open();
  manager = await employeeToken(shop.tenant, allScopes);
});

const as = (token: string, method: string, path: string, json?: unknown, headers = {}): Promise<Answer> =>
  call(method, `/coupon/${shop.tenant}${path}`, { token, headers, ...(json === undefined ? {} : { json }) });
const managing = (method: string, path: string, json?: unknown, headers = {}) =>
  as(manager, method, path, json, headers);
const read = async (code: string) => (await managing("GET", `/coupons/${code}`)).body as Record<string, unknown>;

/** A coupon for which C1 has exchanged points. */
async function bought(coupon: object = { ...tenPercentOff, allowAnonymous: false }): Promise<string> {
  const id = await shop.addOption(1, { coupon });
  await shop.addPoints("C1", 1);
  const token = await shop.customerToken("C1");
  return (
    (await call("POST", "/reward-points/public/customer/redeem", { token, json: { id } })).body as { code: string }
  ).code;
}

describe("a coupon that a merchant makes", () => {
  test("has the code that was chosen, in upper case, or one that is generated", async () => {
    expect(await managing("POST", "/coupons", { ...percent, code: "Summer-10" })).toMatchObject({
      status: 201,
      body: { id: "SUMMER-10" },
    });
    expect(await read("summer 10")).toMatchObject({
      code: "SUMMER-10",
      ...percent,
      issuedTo: "",
      redemptionCount: 0,
      metadata: { version: 0 },
    });
    const { body } = await managing("POST", "/coupons", percent);
    expect((body as { id: string }).id).toMatch(/^[A-Z0-9_]+-[0-9A-Z]{12}$/);
  });

  test("has a code of its own, also beside look-alikes, deleted ones and those that were bought", async () => {
    await managing("POST", "/coupons", { ...percent, code: "OIL" });
    const code = await bought();
    for (const taken of ["OIL", "0 1 1", "o-i-l", code]) {
      expect(await managing("POST", "/coupons", { ...percent, code: taken })).toMatchObject({
        status: 409,
        body: { type: "conflict_resource", code: "coupon_exists" },
      });
    }
    await managing("DELETE", "/coupons/OIL");
    expect((await managing("POST", "/coupons", { ...percent, code: "OIL" })).status).toBe(409);
  });

  test("is made once, by whoever of many is first, and once a key", async () => {
    const many = await Promise.all(
      Array.from({ length: 20 }, () => managing("POST", "/coupons", { ...percent, code: "ONE" })),
    );
    expect(many.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 19 }, () => 409)]);
    const key = { "Idempotency-Key": "k1" };
    const [first, again] = [
      await managing("POST", "/coupons", percent, key),
      await managing("POST", "/coupons", percent, key),
    ];
    expect(again).toMatchObject({ status: 201, body: first.body });
    expect(again.headers.get("Idempotency-Replayed")).toBe("true");
    expect((await managing("POST", "/coupons", { ...percent, name: "Other" }, key)).status).toBe(422);
  });

  test("is used like any other, also for shipping", async () => {
    await managing("POST", "/coupons", {
      name: "Ship",
      discountType: "FREE_SHIPPING",
      code: "SHIP",
      maxRedemptions: 1,
      allowAnonymous: true,
    });
    const guest = await guestToken(shop.tenant);
    expect((await as(guest, "POST", "/coupons/SHIP/redemptions", use)).status).toBe(201);
    expect(await as(guest, "POST", "/coupons/SHIP/validation", use)).toMatchObject({
      body: { code: "coupon_used_up" },
    });
    expect(await read("SHIP")).toMatchObject({ status: "USED", redemptionCount: 1 });
  });

  test("keeps what the checkout has to see to, and says it", async () => {
    const given = {
      ...percent,
      code: "CATS",
      categoryRestricted: true,
      discountCalculationType: "TOTAL",
      restrictions: { validFor: [], includedCategories: ["shoes"], excludedCategories: ["sale"] },
      mixins: { own: { a: 1 } },
      metadata: { mixins: { own: "https://schemas.example.com/own.json" } },
      issuedTo: "C7",
    };
    expect((await managing("POST", "/coupons", given)).status).toBe(201);
    expect(await read("CATS")).toMatchObject({ ...given, metadata: { version: 0, ...given.metadata } });
    const { body } = await managing("GET", "/coupons?issuedTo=C7");
    expect(body).toMatchObject([{ code: "CATS" }]);
  });

  test.each([
    [{ name: "x" }, "discountAbsolute"],
    [{ ...percent, discountPercentage: 101 }, "discountPercentage"],
    [{ ...percent, discountPercentage: "ten" }, "discountPercentage"],
    [{ ...percent, code: " - " }, "code"],
    [{ ...percent, allowAnonymous: true, restrictions: { validFor: ["C1"] } }, "restrictions.validFor"],
    [{ ...percent, restrictions: { includedCategories: ["a"] } }, "categoryRestricted"],
    [
      { ...percent, categoryRestricted: true, restrictions: { includedCategories: ["a"], excludedCategories: ["a"] } },
      "restrictions.excludedCategories",
    ],
    [{ ...percent, segmentRestricted: true }, "restrictions.segments"],
    [
      { ...percent, segmentRestricted: true, categoryRestricted: true, restrictions: { segments: ["s"] } },
      "segmentRestricted",
    ],
    [
      { ...percent, restrictions: { validFrom: "2030-01-02T00:00:00Z", validUntil: "2030-01-01T00:00:00Z" } },
      "restrictions.validUntil",
    ],
  ])("is refused when it cannot be meant: %j for %s", async (coupon, field) => {
    const { status, body } = await managing("POST", "/coupons", coupon);
    expect({ status, body }).toMatchObject({ status: 400, body: { type: "validation_violation" } });
    expect((body as { details: { field: string }[] }).details.map((detail) => detail.field)).toContain(field);
  });
});

describe("changing a coupon", () => {
  test("replaces it, or parts of it, and counts the versions", async () => {
    await managing("POST", "/coupons", {
      ...percent,
      code: "A",
      description: "old",
      restrictions: { validFor: ["C1"] },
    });
    expect((await managing("PATCH", "/coupons/A", { discountPercentage: 20, description: null })).status).toBe(200);
    expect(await read("A")).toMatchObject({
      discountPercentage: 20,
      restrictions: { validFor: ["C1"] },
      metadata: { version: 1 },
    });
    expect(await read("A")).not.toHaveProperty("description");
    expect((await managing("PUT", "/coupons/A", { name: "New" })).status).toBe(200);
    expect(await read("A")).toMatchObject({ name: "New", discountPercentage: 20, metadata: { version: 2 } });
    expect(await read("A")).not.toHaveProperty("restrictions");
    // As it was read, with what only the service writes.
    expect((await managing("PUT", "/coupons/A", { ...(await read("A")), name: "Back" })).status).toBe(200);
    expect((await managing("PATCH", "/coupons/NONE", { name: "x" })).status).toBe(404);
    expect((await managing("PATCH", "/coupons/A", { discountPercentage: -1 })).status).toBe(400);
  });

  test("is refused for another version, so that nobody undoes what another one has changed", async () => {
    await managing("POST", "/coupons", { ...percent, code: "A" });
    const metadata = { version: 0 };
    const both = await Promise.all(["one", "two"].map((name) => managing("PATCH", "/coupons/A", { name, metadata })));
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(both.find(({ status }) => status === 409)?.body).toMatchObject({ code: "coupon_version_conflict" });
    expect(await read("A")).toMatchObject({ metadata: { version: 1 } });
  });

  test("never makes a coupon that points have bought worth less, unless that is said to be meant", async () => {
    const code = await bought();
    for (const change of [
      { discountPercentage: 5 },
      { maxRedemptions: 1, maxRedemptionsPerCustomer: 1 },
      { restrictions: { validUntil: "2199-01-01T00:00:00Z" } },
      { restrictions: { minOrderValue: { amount: 1, currency: "EUR" } } },
      { restrictions: { validFor: ["C2"] } },
      { discountType: "FREE_SHIPPING" },
    ]) {
      expect(await managing("PATCH", `/coupons/${code}`, change)).toMatchObject({
        status: 409,
        body: { code: "coupon_would_be_worse" },
      });
    }
    expect(await read(code)).toMatchObject({ discountPercentage: 10, metadata: { version: 0 } });
    expect((await managing("PATCH", `/coupons/${code}`, { discountPercentage: 15 })).status).toBe(200);
    expect((await managing("PATCH", `/coupons/${code}?allowWorse=true`, { discountPercentage: 5 })).status).toBe(200);
    expect(await read(code)).toMatchObject({ discountPercentage: 5, issuedTo: "C1" });
    for (const query of ["", "?allowWorse=true"]) {
      expect(await managing("PATCH", `/coupons/${code}${query}`, { issuedTo: "C2" })).toMatchObject({
        status: 409,
        body: { code: "coupon_owner_stays" },
      });
    }
    expect((await managing("PATCH", `/coupons/${code}`, { issuedTo: "C1", name: "Still theirs" })).status).toBe(200);
    // The ledger still knows its own coupon.
    const verified = await call("GET", "/reward-points/customer/C1/verify", { token: shop.employee });
    expect(verified.body).toMatchObject({ findings: [] });
    const own = { token: await shop.customerToken("C1") };
    expect((await call("DELETE", `/reward-points/public/customer/coupons/${code}`, own)).status).toBe(204);
  });
});

describe("a referral coupon", () => {
  const referral = { codePrefix: "REF", value: 5, currency: "EUR" };
  const switchOn = (settings: object) =>
    call("PATCH", `/site/${shop.tenant}/sites/main/mixins/couponSettings`, { token: shop.employee, json: settings });

  test("is one for each customer, however often and by how many it is asked for, and stays", async () => {
    await switchOn({ referral });
    const path = "/referral-coupons/C1";
    expect((await managing("GET", path)).status).toBe(204);
    const own = await shop.customerToken("C1");
    const asked = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? managing("POST", path) : as(own, "POST", path))),
    );
    const codes = new Set(asked.map(({ body }) => (body as { code: string }).code));
    expect([...codes]).toEqual([expect.stringMatching(/^REF-[0-9A-Z]{12}$/)]);
    expect((await managing("GET", path)).body).toMatchObject({
      referralCoupon: true,
      issuedTo: "C1",
      discountAbsolute: { amount: 5, currency: "EUR" },
    });
    const [code = ""] = codes;
    const guest = await guestToken(shop.tenant);
    expect(
      (await as(guest, "POST", `/coupons/${code}/redemptions`, { ...use, discount: { amount: 5, currency: "EUR" } }))
        .status,
    ).toBe(201);
    const byOwner = { ...use, discount: { amount: 5, currency: "EUR" } };
    expect(await as(own, "POST", `/coupons/${code}/redemptions`, byOwner)).toMatchObject({
      body: { code: "coupon_not_for_customer" },
    });
    // It is no coupon that points have bought.
    expect((await call("GET", "/reward-points/public/customer/coupons", { token: own })).body).toEqual([]);
    expect((await call("DELETE", `/reward-points/public/customer/coupons/${code}`, { token: own })).status).toBe(404);
    await managing("DELETE", `/coupons/${code}`);
    expect(((await managing("POST", path)).body as { code: string }).code).not.toBe(code);
  });

  test("is the customer's own, and has no value unless the site says so", async () => {
    const own = await shop.customerToken("C1");
    expect(await as(own, "POST", "/referral-coupons/C1")).toMatchObject({
      status: 400,
      body: { code: "referral_without_value" },
    });
    await switchOn({ referral: { value: 5 } });
    expect(await as(own, "POST", "/referral-coupons/C1")).toMatchObject({
      status: 400,
      body: { code: "referral_without_currency" },
    });
    for (const method of ["GET", "POST"]) {
      expect((await as(own, method, "/referral-coupons/C2")).status).toBe(403);
      expect((await as(await guestToken(shop.tenant), method, "/referral-coupons/C1")).status).toBe(403);
    }
    expect(await switchOn({ referral: { value: "5" } })).toMatchObject({
      status: 400,
      body: { details: [{ field: "couponSettings.referral.value" }] },
    });
  });

  test("and every coupon of a merchant names an erased customer no more, and opens to nobody by that", async () => {
    await switchOn({ referral });
    await shop.addPoints("gone", 1);
    const { code } = (await managing("POST", "/referral-coupons/gone")).body as { code: string };
    await managing("POST", "/coupons", { ...percent, code: "GIVEN", issuedTo: "gone" });
    await managing("POST", "/coupons", { ...percent, code: "NAMED", restrictions: { validFor: ["gone"] } });
    expect((await call("DELETE", "/reward-points/customer/gone", { token: shop.employee })).status).toBe(200);
    const { results } = await env.DB.prepare("select * from coupons where tenant = ?").bind(shop.tenant).all();
    expect(results).toHaveLength(3);
    expect(JSON.stringify(results)).not.toContain('gone"');
    expect((await as(await guestToken(shop.tenant), "GET", `/coupons/${code}`)).status).toBe(200);
    const named = { ...use, customerNumber: "somebody" };
    expect(await managing("POST", "/coupons/NAMED/validation", named)).toMatchObject({
      body: { code: "coupon_not_for_customer" },
    });
  });
});
