import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { redeemOptionsMax } from "../../../src/options/use-cases/create-redeem-option.ts";
import { type Answer, call, Shop, tenPercentOff } from "../../support/shop.ts";
import { employeeToken, everyScope, guestToken } from "../../support/tokens.ts";

let shop: Shop;

beforeEach(async () => {
  shop = await Shop.open();
});

const customer = (id: string, rest = "") => `/reward-points/customer/${encodeURIComponent(id)}${rest}`;
const options = (rest = "") => `/reward-points/${shop.tenant}/redeemOptions${rest}`;
const own = async (method: string, rest: string, json?: unknown, headers: Readonly<Record<string, string>> = {}) =>
  call(method, `/reward-points/public/customer${rest}`, { token: await shop.customerToken("C1"), json, headers });
const redeemFor = (id: string, headers: Readonly<Record<string, string>> = {}) =>
  own("POST", "/redeem", { id }, headers);

/** Time passes: an option's coupon is over, as it would be after its `validUntil`. */
const endCoupon = (id: string) =>
  env.DB.prepare(
    `update redeem_options set version = version + 1, coupon = json_set(coupon, '$.restrictions', json('{"validUntil":0}'))
      where tenant = ? and id = ?`,
  )
    .bind(shop.tenant, id)
    .run();

/** Later than any clock: what ends then is not over. */
const inTheFuture = "2999-01-01T00:00:00Z";

interface Summary {
  readonly customerId: string;
  readonly activePoints: number;
  readonly summary: {
    readonly addedPointsList: readonly Record<string, unknown>[];
    readonly redeemedPointsList: readonly Record<string, unknown>[];
  };
}
const summaryOf = async (id: string) => (await shop.manage("GET", customer(id, "/summary"))).body as Summary;

const expectProblem = (answer: Answer, field: string | null) => {
  expect(answer.status).toBe(400);
  expect(answer.body).toMatchObject({ type: "about:blank", title: "Bad Request", status: 400 });
  if (field !== null) {
    const { details } = answer.body as { details: { field: string }[] };
    expect(details.map((detail) => detail.field)).toContain(field);
  }
};

describe("a customer's entry", () => {
  test("is created once, empty or with points", async () => {
    expect(await shop.manage("POST", customer("C1"), {})).toMatchObject({ status: 200, body: "" });
    expect(await shop.balance("C1")).toBe(0);
    expect(await shop.manage("POST", customer("C1"), {})).toMatchObject({
      status: 409,
      body: {
        status: 409,
        message: "New Reward Point Entry not Created",
        details: [{ message: "Couldn't create a new reward point entry for the customer 'C1'" }],
      },
    });
    await shop.manage("POST", customer("C2"), { customerId: "C2", startPoints: { points: 20, id: "start" } });
    expect(await shop.balance("C2")).toBe(20);
  });

  test("belongs to the customer that the path names", async () => {
    expectProblem(await shop.manage("POST", customer("C1"), { customerId: "C2" }), "customerId");
    expect((await shop.manage("GET", customer("C1", "/summary"))).status).toBe(404);
  });

  test("may have any printable id, compared exactly", async () => {
    for (const id of ["Ünï/çødé %2F+ &", "redeemOptions", "👩‍🚀", "a%2Fb", "__proto__"]) {
      expect((await shop.addPoints(id, 5)).status).toBe(201);
      expect(await shop.balance(id)).toBe(5);
      expect((await summaryOf(id)).customerId).toBe(id);
    }
    expect(await shop.balance("a/b")).toBe(0);
    expectProblem(await shop.manage("GET", customer("x".repeat(129))), "customerId");
    expectProblem(await shop.manage("GET", "/reward-points/customer/a%00b"), "customerId");
    expectProblem(await shop.manage("GET", "/reward-points/customer/%FF"), null);
  });

  test("is deleted with all its points, also when there is none", async () => {
    await shop.addPoints("C1", 100);
    const code = ((await redeemFor(await shop.addOption(10))).body as { code: string }).code;
    for (const _time of [1, 2]) {
      expect(await shop.manage("DELETE", customer("C1"))).toMatchObject({ status: 200, body: "" });
    }
    expect(await shop.balance("C1")).toBe(0);
    expect((await shop.manage("GET", customer("C1", "/summary"))).status).toBe(404);
    expect((await shop.manage("GET", `/coupon/${shop.tenant}/coupons/${code}`)).status).toBe(200);
    expect((await shop.manage("POST", customer("C1"), {})).status).toBe(200);
  });
});

describe("adding points", () => {
  test("shows what was given in the summary, and ignores what only the service computes", async () => {
    const given = {
      id: "12345fee",
      "reference-id": "EON2076",
      description: "points added",
      points: 123,
      createdAt: "2023-10-24T16:15:22+02:00",
      allPointsAfterCreation: 56_778,
      usedPoints: 5,
      validUntil: "2099-08-24T14:15:22Z",
      usedWith: ["5237bcac"],
      unknown: { field: true },
    };
    expect(await shop.addPoints("C1", given)).toMatchObject({ status: 201, body: "" });
    expect(await summaryOf("C1")).toEqual({
      customerId: "C1",
      activePoints: 123,
      summary: {
        addedPointsList: [
          {
            id: "12345fee",
            "reference-id": "EON2076",
            description: "points added",
            points: 123,
            createdAt: "2023-10-24T14:15:22.000Z",
            allPointsAfterCreation: 123,
            usedPoints: 0,
            validUntil: "2099-08-24T14:15:22.000Z",
            usedWith: [],
            actor: "client:backoffice/user:test",
          },
        ],
        redeemedPointsList: [],
      },
    });
  });

  test("without an end takes the site's validity; without one there, points never expire", async () => {
    const limited = await Shop.open({ enabled: false, validityInMonths: 2 });
    await limited.addPoints("C1", { points: 1, createdAt: "2025-12-31T10:00:00Z" });
    await limited.manage("POST", `${customer("C1", "/addPoints")}?siteCode=elsewhere`, { points: 1 });
    const { body } = await limited.manage("GET", customer("C1", "/summary"));
    const [expired, endless] = (body as Summary).summary.addedPointsList;
    expect(expired?.["validUntil"]).toBe("2026-02-28T10:00:00.000Z");
    expect(endless).not.toHaveProperty("validUntil");
  });

  test("that have expired already is accepted and counts in no balance", async () => {
    const old = { points: 50, createdAt: "2019-08-24T14:15:22Z", validUntil: "2019-08-24T14:15:22Z" };
    expect((await shop.addPoints("C1", old)).status).toBe(201);
    expect(await summaryOf("C1")).toMatchObject({ activePoints: 0, summary: { addedPointsList: [{ points: 50 }] } });
  });

  test.each<[string, unknown, string | null]>([
    ["points missing", {}, "points"],
    ["points zero", { points: 0 }, "points"],
    ["points negative", { points: -5 }, "points"],
    ["points a fraction", { points: 1.5 }, "points"],
    ["points as text", { points: "5" }, "points"],
    ["points beyond exactness", { points: 2 ** 53 }, "points"],
    ["points null", { points: null }, "points"],
    ["a date that is none", { points: 1, createdAt: "yesterday" }, "createdAt"],
    ["a date without a zone", { points: 1, validUntil: "2030-01-01T00:00:00" }, "validUntil"],
    ["a start in the future", { points: 1, createdAt: "2999-01-01T00:00:00Z" }, null],
    [
      "an end before the start",
      { points: 1, createdAt: "2020-01-02T00:00:00Z", validUntil: "2020-01-01T00:00:00Z" },
      null,
    ],
    ["an id that is empty", { points: 1, id: "" }, "id"],
    ["a description with NUL", { points: 1, description: "a\u0000b" }, "description"],
    ["a description with half a character", { points: 1, description: "a\ud800" }, "description"],
    ["a list for a body", [1], null],
    ["null for a body", null, null],
  ])("refuses %s", async (_name, json, field) => {
    expectProblem(await shop.manage("POST", customer("C1", "/addPoints"), json), field);
    expect((await shop.manage("GET", customer("C1", "/summary"))).status).toBe(404);
  });

  test("with an id is done once, and the id is not given away again", async () => {
    const grant = { id: "own", points: 10 };
    expect((await shop.addPoints("C1", grant)).status).toBe(201);
    expect((await shop.addPoints("C1", grant)).status).toBe(201);
    expect((await shop.addPoints("C1", { ...grant, points: 11 })).status).toBe(409);
    expect(await shop.balance("C1")).toBe(10);
  });
});

describe("redeeming points by hand", () => {
  test("takes them from the lots that end first, and says which", async () => {
    await shop.addPoints("C1", { id: "late", points: 10, validUntil: "2099-12-31T00:00:00Z" });
    await shop.addPoints("C1", { id: "soon", points: 10, validUntil: "2099-01-01T00:00:00Z" });
    const redemption = { id: "r1", description: "points redeemed", points: 15 };
    expect(await shop.manage("POST", customer("C1", "/redeemPoints"), redemption)).toMatchObject({
      status: 201,
      body: "",
    });
    const { activePoints, summary } = await summaryOf("C1");
    expect(activePoints).toBe(5);
    expect(summary.addedPointsList.map((lot) => [lot["id"], lot["usedPoints"], lot["usedWith"]])).toEqual([
      ["late", 5, ["r1"]],
      ["soon", 10, ["r1"]],
    ]);
    expect(summary.redeemedPointsList).toMatchObject([{ ...redemption, allPointsAfterCreation: 5 }]);
  });

  test("says how many are there when they are too few, and takes nothing", async () => {
    await shop.addPoints("C1", 20);
    const answer = await shop.manage("POST", customer("C1", "/redeemPoints"), { points: 21 });
    expectProblem(answer, null);
    expect(answer.body).toMatchObject({ detail: "Not enough points: 20 active, 21 requested." });
    expect(await shop.balance("C1")).toBe(20);
    expectProblem(await shop.manage("POST", customer("C1", "/redeemPoints"), { points: 0 }), "points");
  });
});

describe("a signed-in customer", () => {
  test("without an entry has no points and an empty history", async () => {
    expect(await own("GET", "")).toMatchObject({ status: 200, body: 0 });
    expect(await own("GET", "/summary")).toMatchObject({
      status: 200,
      body: { customerId: "C1", activePoints: 0, summary: { addedPointsList: [], redeemedPointsList: [] } },
    });
  });

  test("is whom the token names, whatever the request says", async () => {
    await shop.addPoints("C1", 50);
    await shop.addPoints("C2", 900);
    const option = { id: await shop.addOption(20), customerId: "C2", customerNumber: "C2" };
    const named = "?customerId=C2&customerNumber=C2";
    expect(await own("GET", named)).toMatchObject({ status: 200, body: 50 });
    expect((await own("GET", `/summary${named}`)).body).toMatchObject({ customerId: "C1", activePoints: 50 });
    expect((await own("POST", `/redeem${named}`, option, { "X-Customer-Id": "C2" })).status).toBe(200);
    expect([await shop.balance("C1"), await shop.balance("C2")]).toEqual([30, 900]);
  });

  test("sees for every option what would be left", async () => {
    await shop.addPoints("C1", 50);
    await shop.addOption(80);
    await shop.addOption(30, { name: "B" });
    await shop.addOption(30, { name: "A", pointsAfterCoupon: 7 });
    for (const path of ["/reward-points/public/customer/redeemOptions", options()]) {
      const { body } = await call("GET", path, { token: await shop.customerToken("C1") });
      const seen = (body as Record<string, unknown>[]).map((option) => [option["name"], option["pointsAfterCoupon"]]);
      expect(seen).toEqual([
        ["A", 7],
        ["B", 20],
        ["Voucher for 80", -30],
      ]);
    }
    const { body } = await call("GET", options(), { token: await guestToken(shop.tenant) });
    expect((body as object[]).at(-1)).not.toHaveProperty("pointsAfterCoupon");
  });
});

describe("an exchange", () => {
  test("is refused, and nothing is taken, when the option, the points or the site do not allow it", async () => {
    const optionId = await shop.addOption(10);
    const withoutCoupon = await shop.addOption(10, { coupon: undefined });
    const elsewhere = await Shop.open();
    const foreign = await elsewhere.addOption(10);
    expect((await redeemFor(optionId)).body).toMatchObject({ detail: "Not enough points: 0 active, 10 requested." });
    await shop.addPoints("C1", 100);
    for (const id of [foreign, "gone"]) {
      expect(await redeemFor(id)).toMatchObject({ status: 404, body: { type: "resource_not_found", status: 404 } });
    }
    expectProblem(await redeemFor(withoutCoupon), null);
    const offSite = await own("POST", "/redeem?siteCode=unconfigured", { id: optionId });
    expect(offSite.body).toMatchObject({
      status: 400,
      detail: "Reward points are switched off for site 'unconfigured'.",
    });
    await shop.manage("DELETE", options(`/${optionId}`));
    expect((await redeemFor(optionId)).status).toBe(404);
    expectProblem(await own("POST", "/redeem", {}), "id");
    expect(await own("GET", "")).toMatchObject({ body: 100 });
  });

  test("of what is worth nothing to the customer takes nothing", async () => {
    await shop.addPoints("C1", 100);
    const forCustomers = { ...tenPercentOff, allowAnonymous: false };
    const others = await shop.addOption(10, { coupon: { ...forCustomers, restrictions: { validFor: ["C2", "C3"] } } });
    const over = await shop.addOption(10);
    await endCoupon(over);
    const refusedOthers = await redeemFor(others);
    expect(refusedOthers.body).toMatchObject({
      status: 400,
      detail: `Redeem option '${others}' is not for this customer.`,
    });
    expect(JSON.stringify(refusedOthers.body)).not.toMatch(/C2|C3/);
    expect((await redeemFor(over)).body).toMatchObject({
      status: 400,
      detail: `Redeem option '${over}' cannot be exchanged now: its coupon would expire before it could be used.`,
    });
    expect(await own("GET", "")).toMatchObject({ body: 100 });
  });

  test("issues a coupon that ends so many days later", async () => {
    await shop.addPoints("C1", 100);
    const id = await shop.addOption(10, { coupon: { ...tenPercentOff, restrictions: { validForDays: 30 } } });
    const { code } = (await redeemFor(id)).body as { code: string };
    const { body } = await shop.manage("GET", `/coupon/${shop.tenant}/coupons/${code}`);
    const { issuedAt, restrictions } = body as { issuedAt: string; restrictions: { validUntil: string } };
    expect(Date.parse(restrictions.validUntil) - Date.parse(issuedAt)).toBe(30 * 86_400_000);
    expect(restrictions).not.toHaveProperty("validForDays");
    expect((await shop.manage("GET", options())).body).toMatchObject([
      { coupon: { restrictions: { validForDays: 30 } } },
    ]);
  });

  test("takes the option's id under either name", async () => {
    await shop.addPoints("C1", 100);
    const redeemOptionId = await shop.addOption(10);
    expect((await own("POST", "/redeem", { redeemOptionId })).status).toBe(200);
    expect(await own("GET", "")).toMatchObject({ body: 90 });
  });

  test("with a key is done once, also after the option is gone", async () => {
    await shop.addPoints("C1", 100);
    const optionId = await shop.addOption(10);
    const key = { "Idempotency-Key": "checkout-1" };
    const first = await redeemFor(optionId, key);
    expect(first.headers.get("Idempotency-Replayed")).toBeNull();
    await shop.manage("DELETE", options(`/${optionId}`));
    const second = await redeemFor(optionId, key);
    expect([second.status, second.body]).toEqual([200, first.body]);
    expect(second.headers.get("Idempotency-Replayed")).toBe("true");
    expect((await redeemFor("another", key)).status).toBe(422);
    const other = await call("POST", "/reward-points/public/customer/redeem", {
      token: await shop.customerToken("C2"),
      json: { id: optionId },
      headers: key,
    });
    expect(other.status).toBe(404);
    expect(await own("GET", "")).toMatchObject({ body: 90 });
  });

  test("keeps the coupon as it was sold, whatever becomes of the option", async () => {
    await shop.addPoints("C1", 100);
    const id = await shop.addOption(10, {
      coupon: {
        name: "5 euros off",
        description: "for friends",
        discountType: "ABSOLUTE",
        discountAbsolute: { amount: 5.25, currency: "EUR" },
        maxRedemptions: 1,
        restrictions: {
          validFor: ["C1"],
          validUntil: "2099-01-01T00:00:00Z",
          minOrderValue: { amount: 20, currency: "EUR" },
        },
      },
    });
    const { code } = (await redeemFor(id)).body as { code: string };
    await shop.manage("PUT", options(`/${id}`), { type: "coupon", name: "x", points: 1, coupon: tenPercentOff });
    const spelled = code.toLowerCase().replaceAll("-", "").replaceAll("0", "o").replaceAll("1", "l");
    expect(await shop.manage("GET", `/coupon/${shop.tenant}/coupons/${spelled}`)).toMatchObject({
      status: 200,
      body: {
        code,
        name: "5 euros off",
        description: "for friends",
        discountType: "ABSOLUTE",
        discountAbsolute: { amount: 5.25, currency: "EUR" },
        allowAnonymous: false,
        maxRedemptions: 1,
        maxRedemptionsPerCustomer: -1,
        issuedTo: "C1",
        redemptionCount: 0,
        status: "VALID",
        deleted: false,
        restrictions: {
          validFor: ["C1"],
          validUntil: "2099-01-01T00:00:00.000Z",
          minOrderValue: { amount: 20, currency: "EUR" },
        },
      },
    });
    expect(await shop.manage("GET", `/coupon/${shop.tenant}/coupons/RP-UNKNOWN`)).toMatchObject({
      status: 404,
      body: { type: "resource_not_found", status: 404, message: "Coupon with code RP-UNKNOWN not found." },
    });
  });
});

describe("redeem options", () => {
  const option = { type: "coupon", name: "10 euros", points: 90, coupon: tenPercentOff };
  const absolute = { name: "x", discountType: "ABSOLUTE", discountAbsolute: { amount: 10, currency: "EUR" } };

  test("tell what a member that would have narrowed the coupon was probably meant to be, and ignore other ones", async () => {
    const messageFor = async (more: object) => {
      const coupon = { ...tenPercentOff, ...more };
      const { body } = await shop.manage("POST", options(), { ...option, coupon });
      return (body as { details?: readonly { readonly message: string }[] }).details?.[0]?.message ?? null;
    };
    const restrictions = { validuntil: "2099-01-01T00:00:00Z" };
    expect(await messageFor({ restrictions })).toBe("has no member validuntil; did you mean validUntil?");
    expect(await messageFor({ validUntil: "2099-01-01T00:00:00Z" })).toBe(
      "is not a member of a coupon; did you mean restrictions.validUntil?",
    );
    expect(await messageFor({ maxredemptions: 1 })).toBe("is not a member of a coupon; did you mean maxRedemptions?");
    expect(await messageFor({ status: "VALID", code: "X", colour: "red", segments: [] })).toBeNull();
  });

  test("may say that they have none of the restrictions that are not known here", async () => {
    const { restrictions } = { restrictions: { includedCategories: [], excludedCategories: [], segments: [] } };
    const unrestricted = { categoryRestricted: false, segmentRestricted: false, discountCalculationType: "SUBTOTAL" };
    const coupon = { ...tenPercentOff, ...unrestricted, mixins: {}, restrictions };
    const id = await shop.addOption(1, { coupon });
    const [shown] = (await shop.manage("GET", options())).body as [{ id: string; coupon: object }];
    expect(shown.id).toBe(id);
    expect(shown.coupon).not.toHaveProperty("categoryRestricted");
    expect(shown.coupon).toHaveProperty("restrictions", { validFor: [] });
  });

  test("that would be worth nothing to customers are shown to employees, and to whom they are worth something", async () => {
    const forCustomers = { ...tenPercentOff, allowAnonymous: false };
    await shop.addOption(1, { name: "all" });
    await shop.addOption(2, { name: "C1", coupon: { ...forCustomers, restrictions: { validFor: ["C1", "C2"] } } });
    await shop.addOption(3, { name: "C3", coupon: { ...forCustomers, restrictions: { validFor: ["C3"] } } });
    const soon = { validFrom: "2999-01-01T00:00:00Z", validForDays: 3_650 };
    await shop.addOption(4, { name: "too early", coupon: { ...forCustomers, restrictions: soon } });
    const over = await shop.addOption(5, { name: "over" });
    await endCoupon(over);
    await shop.addOption(6, { name: "without coupon", coupon: undefined });
    const named = async (path: string, token: string) => {
      const { body, status } = await call("GET", path, { token });
      expect(status).toBe(200);
      return body as { readonly name: string; readonly coupon: { readonly restrictions?: object } }[];
    };
    const [c1, guest] = [await shop.customerToken("C1"), await guestToken(shop.tenant)];
    const paths = ["/reward-points/public/customer/redeemOptions", options()];
    for (const path of paths) {
      const shown = await named(path, c1);
      expect(shown.map(({ name }) => name)).toEqual(["all", "C1"]);
      // Who else may use it is the merchant's knowledge.
      expect(shown[1]?.coupon.restrictions).toEqual({ validFor: ["C1"], validForCaller: true });
      expect(JSON.stringify(shown)).not.toMatch(/C2|C3/);
    }
    expect((await named(options(), guest)).map(({ name }) => name)).toEqual(["all"]);
    const everything = await named(options(), shop.employee);
    expect(everything).toHaveLength(6);
    expect(everything[1]?.coupon.restrictions).toEqual({ validFor: ["C1", "C2"] });
  });

  test("are answered as a whole list, cheapest first, with version and times", async () => {
    await shop.manage("POST", options(), option);
    const { body } = await shop.manage("POST", options(), { ...option, points: 30, name: "3 euros" });
    expect(body).toMatchObject([
      { name: "3 euros", metadata: { version: 1 } },
      { name: "10 euros", points: 90, coupon: { name: "10 % off", status: "VALID" } },
    ]);
    expect((await shop.manage("GET", options())).body).toEqual(body);
  });

  test("are created once a key, and once an id", async () => {
    const key = { "Idempotency-Key": "option-1" };
    const answers = await Promise.all([1, 2, 3].map(() => shop.manage("POST", options(), option, key)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).toBe(1);
    await shop.manage("POST", options(), { ...option, id: "own" });
    const again = await shop.manage("POST", options(), option, key);
    expect([again.body, again.headers.get("Idempotency-Replayed")]).toEqual([answers[0]?.body, "true"]);
    expect((await shop.manage("POST", options(), { ...option, points: 1 }, key)).status).toBe(422);
    expect((await shop.manage("POST", options(), { ...option, id: "own" })).status).toBe(200);
    expect((await shop.manage("POST", options(), { ...option, id: "own", points: 1 })).status).toBe(409);
    for (const points of [1, option.points]) await shop.manage("PUT", options("/own"), { ...option, points });
    expect((await shop.manage("POST", options(), { ...option, id: "own" })).status).toBe(409);
    expect((await shop.manage("GET", options())).body).toHaveLength(2);
  });

  test("are as many as a storefront can show at once, and no more", async () => {
    const insert = `insert into redeem_options (tenant, id, type, name, points, version, created_at, modified_at)
      values (?, ?, 'coupon', 'n', 5, 1, 0, 0)`;
    const rows = Array.from({ length: redeemOptionsMax - 1 }, (_, index) =>
      env.DB.prepare(insert).bind(shop.tenant, `option-${index}`),
    );
    await env.DB.batch(rows);
    expect((await shop.manage("POST", options(), { ...option, id: "last" })).status).toBe(200);
    expectProblem(await shop.manage("POST", options(), option), null);
    expect((await shop.manage("POST", options(), { ...option, id: "last" })).status).toBe(200);
    expect((await shop.manage("GET", options())).body).toHaveLength(redeemOptionsMax);
  });

  test("are replaced, with the version that was read or without one", async () => {
    const id = await shop.addOption(90);
    const put = (more: object) => shop.manage("PUT", options(`/${id}`), { ...option, ...more });
    expect(await put({ points: 80, metadata: { version: 1 } })).toMatchObject({
      status: 200,
      body: { id, points: 80, metadata: { version: 2 } },
    });
    expect(await put({ points: 70, metadata: { version: 1 } })).toMatchObject({
      status: 409,
      body: {
        status: 409,
        message: "RedeemOption not Updated",
        details: { message: expect.stringContaining(`id = ${id} has changed`) },
      },
    });
    expect(await put({ points: 60, coupon: undefined })).toMatchObject({
      body: { points: 60, metadata: { version: 3 } },
    });
    expect((await shop.manage("PUT", options("/unknown"), option)).status).toBe(404);
  });

  test("of which two replace the same version at once: one wins", async () => {
    const id = await shop.addOption(90);
    const answers = await Promise.all(
      [1, 2, 3, 4].map((points) =>
        shop.manage("PUT", options(`/${id}`), { ...option, points, metadata: { version: 1 } }),
      ),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409, 409, 409]);
  });

  test("are deleted, also twice", async () => {
    const id = await shop.addOption(90);
    for (const _time of [1, 2]) expect((await shop.manage("DELETE", options(`/${id}`))).status).toBe(204);
    expect((await shop.manage("GET", options())).body).toEqual([]);
  });

  test.each<[string, object, string]>([
    ["free shipping", { coupon: { name: "x", discountType: "FREE_SHIPPING" } }, "coupon.discountType"],
    ["a percentage without a number", { coupon: { name: "x", discountType: "PERCENT" } }, "coupon.discountPercentage"],
    [
      "more than a hundred percent",
      { coupon: { name: "x", discountType: "PERCENT", discountPercentage: 101 } },
      "coupon.discountPercentage",
    ],
    ["an amount without money", { coupon: { name: "x", discountType: "ABSOLUTE" } }, "coupon.discountAbsolute"],
    [
      "a currency that is none",
      { coupon: { name: "x", discountType: "ABSOLUTE", discountAbsolute: { amount: 1, currency: "EURO" } } },
      "coupon.discountAbsolute.currency",
    ],
    [
      "letters that are no currency",
      { coupon: { ...absolute, discountAbsolute: { amount: 1, currency: "QQQ" } } },
      "coupon.discountAbsolute.currency",
    ],
    [
      "an amount without a currency",
      { coupon: { ...absolute, discountAbsolute: { amount: 1 } } },
      "coupon.discountAbsolute.currency",
    ],
    [
      "a currency without an amount",
      { coupon: { ...absolute, discountAbsolute: { currency: "EUR" } } },
      "coupon.discountAbsolute.amount",
    ],
    [
      "nothing off",
      { coupon: { ...absolute, discountAbsolute: { amount: 0, currency: "EUR" } } },
      "coupon.discountAbsolute.amount",
    ],
    [
      "less off than the smallest coin",
      { coupon: { ...absolute, discountAbsolute: { amount: 0.5, currency: "JPY" } } },
      "coupon.discountAbsolute.amount",
    ],
    ["no per cent off", { coupon: { ...tenPercentOff, discountPercentage: 0 } }, "coupon.discountPercentage"],
    ["more off than all", { coupon: { ...tenPercentOff, discountPercentage: 100.01 } }, "coupon.discountPercentage"],
    [
      "a minimum of no currency",
      { coupon: { ...tenPercentOff, restrictions: { minOrderValue: { amount: 50 } } } },
      "coupon.restrictions.minOrderValue.currency",
    ],
    [
      "a minimum that no order with the discount's currency can meet",
      { coupon: { ...absolute, restrictions: { minOrderValue: { amount: 50, currency: "USD" } } } },
      "coupon.restrictions.minOrderValue.currency",
    ],
    [
      "a coupon that is over",
      { coupon: { ...tenPercentOff, restrictions: { validUntil: "2020-01-01T00:00:00Z" } } },
      "coupon.restrictions.validUntil",
    ],
    [
      "a coupon for no day",
      { coupon: { ...tenPercentOff, restrictions: { validForDays: 0 } } },
      "coupon.restrictions.validForDays",
    ],
    [
      "a coupon for more than ten years",
      { coupon: { ...tenPercentOff, restrictions: { validForDays: 3_651 } } },
      "coupon.restrictions.validForDays",
    ],
    ["categories", { coupon: { ...tenPercentOff, categoryRestricted: true } }, "coupon.categoryRestricted"],
    ["segments", { coupon: { ...tenPercentOff, segmentRestricted: true } }, "coupon.segmentRestricted"],
    ...["includedCategories", "excludedCategories", "segments"].map((list): [string, object, string] => [
      `a list of ${list}`,
      { coupon: { ...tenPercentOff, restrictions: { [list]: ["x"] } } },
      `coupon.restrictions.${list}`,
    ]),
    [
      "a discount on another basis",
      { coupon: { ...tenPercentOff, discountCalculationType: "TOTAL" } },
      "coupon.discountCalculationType",
    ],
    ["a coupon's mixins", { coupon: { ...tenPercentOff, mixins: { a: 1 } } }, "coupon.mixins"],
    [
      "limits per customer for anybody",
      { coupon: { ...tenPercentOff, maxRedemptionsPerCustomer: 1 } },
      "coupon.maxRedemptionsPerCustomer",
    ],
    ["a coupon that is never usable", { coupon: { ...tenPercentOff, maxRedemptions: 0 } }, "coupon.maxRedemptions"],
    [
      "a coupon that ends when it begins",
      { coupon: { ...tenPercentOff, restrictions: { validFrom: inTheFuture, validUntil: inTheFuture } } },
      "coupon.restrictions.validUntil",
    ],
    ["no price", { points: undefined }, "points"],
    ["a price of nothing", { points: 0 }, "points"],
    ["no name", { name: undefined }, "name"],
    ["no type", { type: undefined }, "type"],
    ["a version that is none", { metadata: { version: "1" } }, "metadata.version"],
    ...["validuntil", "validfor", "includedSegments", "sites"].map((name): [string, object, string] => [
      `the restriction ${name}, which there is not`,
      { coupon: { ...tenPercentOff, restrictions: { [name]: "x" } } },
      "coupon.restrictions",
    ]),
    ...["segments", "includedProducts", "excludedSegments", "site", "MaxRedemptions", "validUntil"].map(
      (name): [string, object, string] => [
        `a coupon with ${name}`,
        { coupon: { ...tenPercentOff, [name]: ["x"] } },
        `coupon.${name}`,
      ],
    ),
  ])("refuse %s", async (_name, wrong, field) => {
    expectProblem(await shop.manage("POST", options(), { ...option, ...wrong }), field);
    const id = await shop.addOption(90);
    expectProblem(await shop.manage("PUT", options(`/${id}`), { ...option, ...wrong }), field);
    expect((await shop.manage("GET", options())).body).toMatchObject([{ id, points: 90 }]);
  });
});

describe("keyed requests", () => {
  test.each(["", "x".repeat(256), "caf\u00e9"])("refuse the key %j", async (key) => {
    const answer = await shop.manage("POST", customer("C1", "/addPoints"), { points: 1 }, { "Idempotency-Key": key });
    expectProblem(answer, "idempotency-key");
    expect(await shop.balance("C1")).toBe(0);
  });

  test("that mean the same are the same, however they are written", async () => {
    const add = (json: object) => shop.manage("POST", customer("C1", "/addPoints"), json, { "Idempotency-Key": "k" });
    await add({ points: 5, description: "x" });
    const again = await add({ description: "x", ignored: 1, points: 5.0 });
    expect([again.status, again.headers.get("Idempotency-Replayed")]).toEqual([201, "true"]);
    expect((await add({ points: 5, description: "y" })).status).toBe(422);
    expect(await shop.balance("C1")).toBe(5);
  });

  test("that were refused by the ledger say so when they are refused again", async () => {
    const redeem = () =>
      shop.manage("POST", customer("C1", "/redeemPoints"), { points: 5 }, { "Idempotency-Key": "too-much" });
    const answers = [await redeem(), await redeem()];
    expect(answers.map((answer) => answer.status)).toEqual([400, 400]);
    expect(answers.map((answer) => answer.headers.get("Idempotency-Replayed"))).toEqual([null, "true"]);
  });

  test("of another employee, for something else and of another tenant have nothing to do with one another", async () => {
    const key = { "Idempotency-Key": "k" };
    const option = (name: string) => ({ type: "coupon", name, points: 5, coupon: tenPercentOff });
    const other = await Shop.open();
    const colleague = await employeeToken(shop.tenant, everyScope, "colleague");
    const path = `/reward-points/${shop.tenant}/redeemOptions`;
    const mixins = `/site/${shop.tenant}/sites/main/mixins`;
    const answers = [
      await shop.manage("POST", path, option("first"), key),
      await call("POST", path, { token: colleague, json: option("second"), headers: key }),
      await other.manage("POST", `/reward-points/${other.tenant}/redeemOptions`, option("third"), key),
      await shop.manage("POST", mixins, { notes: { text: "x" } }, key),
      await shop.manage("POST", customer("C1", "/addPoints"), { points: 5 }, key),
      await call("POST", customer("C1", "/addPoints"), { token: colleague, json: { points: 5 }, headers: key }),
      await shop.manage("POST", customer("C1", "/redeemPoints"), { points: 1 }, key),
      await other.manage("POST", customer("C1", "/addPoints"), { points: 5 }, key),
    ];
    expect(answers.map(({ status }) => status < 300)).toEqual(answers.map(() => true));
    expect(answers.map(({ headers }) => headers.get("Idempotency-Replayed"))).toEqual(answers.map(() => null));
    expect([await shop.balance("C1"), await other.balance("C1")]).toEqual([9, 5]);
  });

  test("of one employee may not use one key for two customers", async () => {
    const key = { "Idempotency-Key": "k" };
    await shop.manage("POST", customer("C1", "/addPoints"), { points: 5 }, key);
    expect((await shop.manage("POST", customer("C2", "/addPoints"), { points: 5 }, key)).status).toBe(422);
    expect(await shop.balance("C2")).toBe(0);
  });
});

describe("the histories of all customers", () => {
  const batch = (query = "", headers = {}) =>
    shop.manage("GET", `/reward-points/summaryBatch${query}`, undefined, headers);

  test("come by customer id, each like the customer's own, whole or in pages", async () => {
    const ids = ["a", "B", "c/1", "ü", "10", "9"];
    for (const id of ids) await shop.addPoints(id, 5);
    await shop.manage("POST", customer("empty"), {});
    await shop.addPoints("gone", 5);
    await shop.manage("DELETE", customer("gone"));
    const all = (await batch()).body as Summary[];
    expect(all.map((summary) => summary.customerId)).toEqual([...ids, "empty"].sort());
    for (const summary of all) expect(summary).toEqual(await summaryOf(summary.customerId));

    const pages = await Promise.all(
      [1, 2, 3, 4].map((page) => batch(`?pageNumber=${page}&pageSize=3`, { "X-Total-Count": "true" })),
    );
    expect(pages.flatMap((page) => page.body)).toEqual(all);
    expect(pages.map((page) => [(page.body as Summary[]).length, page.headers.get("X-Total-Count")])).toEqual([
      [3, "7"],
      [3, "7"],
      [1, "7"],
      [0, "7"],
    ]);
    expect((await batch()).headers.get("X-Total-Count")).toBeNull();
  });

  test.each(["?pageNumber=0", "?pageSize=0", "?pageSize=1001", "?pageSize=1e2", "?pageNumber=-1", "?pageNumber="])(
    "refuse %s",
    async (query) => {
      expectProblem(await batch(query), query.includes("pageSize") ? "pageSize" : "pageNumber");
    },
  );
});
