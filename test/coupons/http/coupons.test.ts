import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import { type Answer, call, Shop, tenPercentOff } from "../../support/shop.ts";
import { employeeToken, guestToken } from "../../support/tokens.ts";

const scopes = {
  reader: "coupon.coupon_read",
  manager: "coupon.coupon_manage",
  redeemer: "coupon.coupon_redeem",
  onBehalf: "coupon.coupon_redeem_on_behalf",
} as const;

type Employee = keyof typeof scopes;

/** A definition without limits, which a test narrows. */
const forCustomers = { ...tenPercentOff, allowAnonymous: false, maxRedemptions: -1 };
const tenEuros = { amount: 10, currency: "EUR" };
const order = { orderTotal: { amount: 100, currency: "EUR" }, discount: tenEuros };

/** A shop, with the coupons of its customers and everybody who has to do with them. */
class CouponShop {
  readonly shop: Shop;
  readonly path: string;
  readonly employees: Readonly<Record<Employee, string>>;

  private constructor(shop: Shop, employees: Readonly<Record<Employee, string>>) {
    this.shop = shop;
    this.path = `/coupon/${shop.tenant}/coupons`;
    this.employees = employees;
  }

  static async open(): Promise<CouponShop> {
    const shop = await Shop.open();
    const names = Object.keys(scopes) as Employee[];
    const tokens = names.map(
      async (name) => [name, await employeeToken(shop.tenant, scopes[name], `client-${name}`)] as const,
    );
    return new CouponShop(shop, Object.fromEntries(await Promise.all(tokens)) as Record<Employee, string>);
  }

  /** The code of a coupon that `customerId` has just exchanged points for. */
  async issue(coupon: object = forCustomers, customerId = "C1"): Promise<string> {
    const id = await this.shop.addOption(1, { coupon });
    await this.shop.addPoints(customerId, 1);
    const token = await this.shop.customerToken(customerId);
    const answer = await call("POST", "/reward-points/public/customer/redeem", { token, json: { id } });
    if (answer.status !== 200) throw new Error(`No coupon: ${JSON.stringify(answer.body)}`);
    return (answer.body as { code: string }).code;
  }

  /** The same, of a coupon that has ended meanwhile. */
  async issueEnded(coupon: object = forCustomers): Promise<string> {
    const code = await this.issue(coupon);
    const over = Date.parse("2001-01-01T00:00:00Z");
    await env.DB.prepare(
      "update coupons set definition = json_set(definition, '$.restrictions', json(?)) where tenant = ? and code = ?",
    )
      .bind(JSON.stringify({ validUntil: over }), this.shop.tenant, code)
      .run();
    return code;
  }

  /** A call to the Coupon API, by an employee or with a token. */
  as(who: Employee | { readonly token: string }, method: string, path: string, json?: object, headers = {}) {
    const token = typeof who === "string" ? this.employees[who] : who.token;
    return call(method, `${this.path}${path}`, { token, headers, ...(json === undefined ? {} : { json }) });
  }

  async customer(customerId: string): Promise<{ readonly token: string }> {
    return { token: await this.shop.customerToken(customerId) };
  }

  redeem(code: string, use: object = {}, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const json = { ...order, customerNumber: "C1", ...use };
    return this.as("onBehalf", "POST", `/${code}/redemptions`, json, headers);
  }

  validate(code: string, use: object = {}): Promise<Answer> {
    return this.as("onBehalf", "POST", `/${code}/validation`, { ...order, customerNumber: "C1", ...use });
  }

  /** The coupon as those see it who manage coupons. */
  async read(code: string): Promise<Record<string, unknown>> {
    return (await this.as("manager", "GET", `/${code}?showDeleted=true`)).body as Record<string, unknown>;
  }

  async list(query = "", who: Employee | { readonly token: string } = "reader"): Promise<string[]> {
    const answer = await this.as(who, "GET", query);
    if (answer.status !== 200) throw new Error(`No list: ${JSON.stringify(answer.body)}`);
    return (answer.body as { code: string }[]).map(({ code }) => code);
  }

  /** The service's count of uses, and the uses themselves as the database holds them. */
  async uses(code: string): Promise<{ counted: unknown; kept: number }> {
    const rows = env.DB.prepare(
      "select count(*) as kept from coupon_uses where tenant = ? and cancelled_at is null and canonical_code = ?",
    ).bind(this.shop.tenant, code.toUpperCase().replaceAll("-", "").replaceAll("O", "0").replaceAll(/[IL]/g, "1"));
    const kept = (await rows.first<number>("kept")) ?? -1;
    return { counted: (await this.read(code))["redemptionCount"], kept };
  }
}

const idOf = (answer: Answer): string => (answer.body as { id: string }).id;
const atOnce = (count: number, ask: (nth: number) => Promise<Answer>) =>
  Promise.all(Array.from({ length: count }, (_, nth) => ask(nth)));
const statuses = (answers: readonly Answer[], status: number) => answers.filter((answer) => answer.status === status);
const refusal = (message: string) => ({
  status: 400,
  body: { type: "business_error", status: 400, message: expect.stringContaining(message) },
});

let shop: CouponShop;
beforeAll(async () => {
  shop = await CouponShop.open();
});

describe("redeeming a coupon", () => {
  test("uses it for an order, which its redemption tells of", async () => {
    const code = await shop.issue({ ...forCustomers, maxRedemptions: 2 });
    expect(await shop.validate(code)).toMatchObject({ status: 200, body: "" });
    expect(await shop.uses(code)).toEqual({ counted: 0, kept: 0 });

    const answer = await shop.redeem(code.toLowerCase(), { orderCode: "O1", legalEntityId: "L1" });
    expect(answer).toMatchObject({ status: 201, body: { id: expect.any(String) } });

    const redemption = {
      id: idOf(answer),
      code,
      orderCode: "O1",
      customerNumber: "C1",
      legalEntityId: "L1",
      ...order,
      redeemedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    };
    expect((await shop.as("manager", "GET", `/${code}/redemptions/${idOf(answer)}`)).body).toEqual(redemption);
    expect((await shop.as("manager", "GET", `/${code}/redemptions`)).body).toEqual([redemption]);
    expect(await shop.read(code)).toMatchObject({ redemptionCount: 1, status: "VALID" });

    await shop.redeem(code);
    expect(await shop.read(code)).toMatchObject({ redemptionCount: 2, status: "USED" });
    expect(await shop.redeem(code)).toMatchObject(refusal("used up: it could be used 2 times"));
  });

  test("is refused with the reason, which validating tells just so", async () => {
    const cases: readonly (readonly [object, object, string])[] = [
      [{ restrictions: { validFrom: "2999-01-01T00:00:00Z" } }, {}, "not valid yet: it becomes valid at 2999-01-01"],
      [{}, { customerNumber: undefined }, "for customers only"],
      [{ restrictions: { validFor: ["C1"] } }, { customerNumber: "C2" }, "not for this customer"],
      [{ restrictions: { minOrderValue: { amount: 100.01, currency: "EUR" } } }, {}, "at least 100.01 EUR"],
      [{ restrictions: { minOrderValue: { amount: 1, currency: "CHF" } } }, {}, "CHF was expected, not EUR"],
      [{}, { discount: { amount: 10, currency: "USD" } }, "EUR was expected, not USD"],
      [{}, { discount: { amount: 10.01, currency: "EUR" } }, "at most 10 EUR"],
      [{}, { discount: { amount: 0, currency: "EUR" } }, "would take nothing off the order"],
      [{}, { discount: { amount: 0.004, currency: "EUR" } }, "would take nothing off the order"],
    ];
    const coupons = cases.map(async ([terms, ...rest]) => [await shop.issue({ ...forCustomers, ...terms }), ...rest]);
    const ended = [await shop.issueEnded(), {}, "expired: it was valid until 2001-01-01"];
    for (const [code, use, reason] of [ended, ...(await Promise.all(coupons))] as [string, object, string][]) {
      expect(await shop.validate(code, use)).toMatchObject(refusal(reason));
      expect(await shop.redeem(code, use)).toMatchObject(refusal(reason));
      expect(await shop.uses(code)).toEqual({ counted: 0, kept: 0 });
    }
  });

  test("takes an amount off in the coupon's own currency, never more than there is to pay", async () => {
    const { discountPercentage: _percentage, ...terms } = forCustomers;
    const code = await shop.issue({ ...terms, discountType: "ABSOLUTE", discountAbsolute: tenEuros });
    expect(await shop.redeem(code, { discount: { amount: 10, currency: "eur" } })).toMatchObject({ status: 201 });
    expect(await shop.redeem(code, { discount: { amount: 10.1, currency: "EUR" } })).toMatchObject(refusal("10 EUR"));
    const dollars = { orderTotal: { amount: 100, currency: "USD" }, discount: { amount: 10, currency: "USD" } };
    expect(await shop.redeem(code, dollars)).toMatchObject(refusal("EUR was expected, not USD"));
    const small = { orderTotal: { amount: 5, currency: "EUR" } };
    expect(await shop.redeem(code, small)).toMatchObject(refusal("at most 5 EUR"));
  });

  test("counts the uses of each customer, and of each legal entity that an employee names", async () => {
    const code = await shop.issue({ ...forCustomers, maxRedemptionsPerCustomer: 1 });
    const entity = (legalEntityId: string) => shop.redeem(code, { legalEntityId });
    expect((await entity("L1")).status).toBe(201);
    expect((await entity("L2")).status).toBe(201);
    expect(await entity("L1")).toMatchObject(refusal("each could use it once"));
    expect(await shop.redeem(code)).toMatchObject(refusal("each could use it once"));
    expect((await shop.redeem(code, { customerNumber: "C2" })).status).toBe(201);

    const own = await shop.customer("C3");
    const asCustomer = (legalEntityId: string) =>
      shop.as(own, "POST", `/${code}/redemptions`, { ...order, legalEntityId });
    expect((await asCustomer("made up")).status).toBe(201);
    expect(await asCustomer("made up, too")).toMatchObject(refusal("each could use it once"));
  });

  test.each([
    [{}, "orderTotal"],
    [{ orderTotal: { amount: 1 } }, "discount"],
    [{ ...order, orderTotal: { amount: -1, currency: "EUR" } }, "orderTotal.amount"],
    [{ ...order, orderTotal: { amount: "1", currency: "EUR" } }, "orderTotal.amount"],
    [{ ...order, discount: { amount: 1, currency: "EURO" } }, "discount.currency"],
    [{ ...order, discount: { amount: 1, currency: "ZZZ" } }, "discount.currency"],
    [{ ...order, orderCode: "" }, "orderCode"],
    [{ ...order, customerNumber: "\u0007" }, "customerNumber"],
  ])("refuses the request %j for its %s", async (json, field) => {
    for (const operation of ["validation", "redemptions"]) {
      expect(await shop.as("onBehalf", "POST", `/X/${operation}`, json)).toMatchObject({
        status: 400,
        body: { type: "validation_violation", details: expect.arrayContaining([expect.objectContaining({ field })]) },
      });
    }
  });

  test("is not possible with a coupon that there is not", async () => {
    const notFound = {
      status: 404,
      body: { type: "resource_not_found", status: 404, message: "Coupon with code RP-NONE not found." },
    };
    for (const path of ["/RP-NONE/validation", "/RP-NONE/redemptions"]) {
      expect(await shop.as("onBehalf", "POST", path, order)).toMatchObject(notFound);
    }
    expect(await shop.as("manager", "GET", "/RP-NONE/redemptions")).toMatchObject(notFound);
    expect(await shop.as("manager", "GET", "/RP-NONE/redemptions/1")).toMatchObject(notFound);
    expect((await shop.as("manager", "DELETE", "/RP-NONE/redemptions/1")).status).toBe(404);
  });
});

describe("a coupon's code", () => {
  /** As a customer's mail program, office suite or phone hands it on. */
  const pasted = (code: string): readonly string[] => {
    const [prefix = "", suffix = ""] = code.split("-");
    const groups = suffix.match(/.{4}/g) ?? [];
    const wide = [...code].map((one) => String.fromCodePoint(one.charCodeAt(0) + 0xfee0)).join("");
    return [
      ` \t${code}\r\n`,
      `${prefix} ${groups.join(" ")}`,
      `${prefix}\u2011${groups.join("\u2013")}`,
      `\ufeff${[...code].join("\u200b")}\u00a0`,
      wide,
      wide.toLowerCase(),
      code.toLowerCase().replaceAll("0", "o").replaceAll("1", "l"),
      [...code].join("\u00a0\u200b \u2060\u2014"),
    ];
  };

  test("is found however it is pasted, wherever a code comes in", async () => {
    const code = await shop.issue();
    for (const text of pasted(code)) {
      const path = `/${encodeURIComponent(text)}`;
      expect(await shop.as("manager", "GET", path)).toMatchObject({ status: 200, body: { code } });
      expect(await shop.list(`?code=${encodeURIComponent(text)}`)).toEqual([code]);
      expect(await shop.validate(encodeURIComponent(text))).toMatchObject({ status: 200 });
      const id = idOf(await shop.redeem(encodeURIComponent(text)));
      expect(await shop.as("manager", "GET", `${path}/redemptions/${id}`)).toMatchObject({
        status: 200,
        body: { code },
      });
      expect(await shop.as("manager", "GET", `${path}/redemptions`)).toMatchObject({ status: 200, body: [{ id }] });
      expect((await shop.as("manager", "DELETE", `${path}/redemptions/${id}`)).status).toBe(204);
    }
    for (const text of pasted(code)) {
      const token = await shop.shop.customerToken("C1");
      const own = `/reward-points/public/customer/coupons/${encodeURIComponent(text)}`;
      expect((await call("DELETE", own, { token })).status, text).toBe(204);
    }
  });

  test.each([
    " ",
    "-",
    "\u2014\u200b",
    "\u200b",
    "%",
    "💶",
    "RP-0000",
    "x".repeat(512),
    "'; drop table coupons",
    "\ufdfa".repeat(99),
  ])("is not %j, and that is said", async (text) => {
    const path = `/${encodeURIComponent(text)}`;
    expect((await shop.as("manager", "GET", path)).status).toBe(404);
    expect((await shop.as("onBehalf", "POST", `${path}/validation`, order)).status).toBe(404);
    expect((await shop.as("onBehalf", "POST", `${path}/redemptions`, order)).status).toBe(404);
    expect((await shop.as("manager", "DELETE", path)).status).toBe(404);
    expect(await shop.list(`?code=${encodeURIComponent(text)}`)).toEqual([]);
    const token = await shop.shop.customerToken("C1");
    const own = `/reward-points/public/customer/coupons/${encodeURIComponent(text)}`;
    expect((await call("DELETE", own, { token })).status).toBe(404);
  });

  test("that nobody could have pasted is refused", async () => {
    for (const text of ["x".repeat(513), "a\u0000"]) {
      expect((await shop.as("manager", "GET", `/${encodeURIComponent(text)}`)).status).toBe(400);
      expect((await shop.as("manager", "GET", `?code=${encodeURIComponent(text)}`)).status).toBe(400);
    }
  });
});

describe("whom a coupon is for", () => {
  const restrictions = { validFor: ["C1", "C7", "C8"] };

  test("is shown to employees, and to customers only as far as it is about them", async () => {
    const code = await shop.issue({ ...forCustomers, restrictions });
    const own = await shop.customer("C1");
    const toEmployees = [
      await shop.as("reader", "GET", `/${code}`),
      await shop.as("redeemer", "GET", `/${code}`),
      await shop.as("onBehalf", "GET", `/${code}`),
    ];
    for (const { body } of toEmployees) expect(body).toMatchObject({ restrictions });
    const ofTheirs = { validFor: ["C1"], validForCaller: true };
    const paths = [`${shop.path}/${code}`, `${shop.path}?code=${code}`, "/reward-points/public/customer/coupons"];
    for (const path of paths) {
      const { body } = await call("GET", path, own);
      const [coupon] = (Array.isArray(body) ? body : [body]) as { code: string; restrictions: object }[];
      expect(coupon, path).toMatchObject({ code });
      expect(coupon?.restrictions, path).toEqual(ofTheirs);
      expect(JSON.stringify(body)).not.toMatch(/"C7"|"C8"/);
    }
    const other = await shop.customer("C2");
    const refusals = [
      await shop.as(other, "POST", `/${code}/validation`, order),
      await shop.as(other, "POST", `/${code}/redemptions`, order),
    ];
    for (const { status, body } of refusals) {
      expect(status).toBeGreaterThanOrEqual(400);
      expect(JSON.stringify(body)).not.toMatch(/"C7"|"C8"/);
    }
    const guest = { token: await guestToken(shop.shop.tenant) };
    const unscoped = {
      token: await employeeToken(shop.shop.tenant, "rewardspoints.rewardpoints_view site.site_manage"),
    };
    for (const reader of [other, guest, unscoped]) {
      const { body } = await shop.as(reader, "GET", `/${code}`);
      expect(body).not.toHaveProperty("issuedAt");
      expect(body).toMatchObject({ code, restrictions: { validFor: [], validForCaller: false } });
    }
  });

  test("is told to a customer who was left out later, without names", async () => {
    const code = await shop.issue(forCustomers, "C9");
    await env.DB.prepare(
      "update coupons set definition = json_set(definition, '$.restrictions', json(?)) where tenant = ? and code = ?",
    )
      .bind(JSON.stringify(restrictions), shop.shop.tenant, code)
      .run();
    const { body } = await shop.as(await shop.customer("C9"), "GET", `/${code}`);
    expect(body).toMatchObject({ restrictions: { validFor: [], validForCaller: false } });
  });
});

describe("a coupon's limits", () => {
  /** Asks `count` times at once. */
  test("let one of a hundred checkouts at once use a coupon for one", async () => {
    const code = await shop.issue({ ...forCustomers, maxRedemptions: 1 });
    const answers = await atOnce(100, (nth) => shop.redeem(code, { customerNumber: `C${nth}`, orderCode: `O${nth}` }));
    expect(statuses(answers, 201)).toHaveLength(1);
    const refused = statuses(answers, 400);
    expect(refused).toHaveLength(99);
    for (const answer of refused) expect(answer).toMatchObject(refusal("used up: it could be used once"));
    expect(await shop.uses(code)).toEqual({ counted: 1, kept: 1 });
  });

  test("let as many through as there are uses, whoever they are", async () => {
    const code = await shop.issue({ ...forCustomers, allowAnonymous: true, maxRedemptions: 7 });
    const answers = await atOnce(50, () => shop.redeem(code, { customerNumber: undefined }));
    expect([statuses(answers, 201).length, statuses(answers, 400).length]).toEqual([7, 43]);
    expect(await shop.uses(code)).toEqual({ counted: 7, kept: 7 });
  });

  test("hold for each customer when one asks many times at once", async () => {
    const code = await shop.issue({ ...forCustomers, maxRedemptionsPerCustomer: 2 });
    const answers = await atOnce(40, (nth) =>
      shop.redeem(code, { customerNumber: `C${nth % 2}`, orderCode: `O${nth}` }),
    );
    expect([statuses(answers, 201).length, statuses(answers, 400).length]).toEqual([4, 36]);
    for (const answer of statuses(answers, 400)) expect(answer).toMatchObject(refusal("each could use it 2 times"));
    expect(await shop.uses(code)).toEqual({ counted: 4, kept: 4 });
  });

  test("hold while uses are given back", async () => {
    const code = await shop.issue({ ...forCustomers, maxRedemptions: 1 });
    const first = idOf(await shop.redeem(code));
    const answers = await atOnce(30, (nth) =>
      nth % 3 === 0 ? shop.as("manager", "DELETE", `/${code}/redemptions/${first}`) : shop.redeem(code),
    );
    expect(statuses(answers, 204)).toHaveLength(1);
    const { counted, kept } = await shop.uses(code);
    expect(counted).toBe(kept);
    expect(kept).toBe(statuses(answers, 201).length);
    expect(kept).toBeLessThanOrEqual(1);
  });

  test("hold while the coupon is deleted: nobody uses it afterwards", async () => {
    const code = await shop.issue();
    const answers = await atOnce(30, (nth) =>
      nth === 10 ? shop.as("manager", "DELETE", `/${code}`) : shop.redeem(code),
    );
    expect(statuses(answers, 201).length + statuses(answers, 404).length).toBe(29);
    const { counted, kept } = await shop.uses(code);
    expect([counted, kept]).toEqual([statuses(answers, 201).length, statuses(answers, 201).length]);
    expect((await shop.redeem(code)).status).toBe(404);
  });

  test("count a request once that is sent many times at once under one key or for one order", async () => {
    const repeated: readonly (readonly [object, Readonly<Record<string, string>>])[] = [
      [{}, { "Idempotency-Key": "checkout-1" }],
      [{ orderCode: "O1" }, {}],
      [{ orderCode: "O1", customerNumber: undefined }, {}],
      [{ orderCode: "O2" }, { "Idempotency-Key": "checkout-2" }],
    ];
    for (const [use, headers] of repeated) {
      const code = await shop.issue({ ...forCustomers, allowAnonymous: true });
      // Keys are the caller's, whatever the coupon: each coupon gets one of its own.
      const keyed = Object.fromEntries(Object.entries(headers).map(([name, key]) => [name, `${key}-${code}`]));
      const answers = await atOnce(20, () => shop.redeem(code, use, keyed));
      expect(statuses(answers, 201)).toHaveLength(20);
      expect(new Set(answers.map(idOf)).size).toBe(1);
      expect(answers.filter((answer) => !answer.headers.has("Idempotency-Replayed"))).toHaveLength(1);
      expect(await shop.uses(code)).toEqual({ counted: 1, kept: 1 });
    }
  });
});

describe("a repeated redemption", () => {
  test("gets the first answer under the same key, and 422 when it asks for something else", async () => {
    const code = await shop.issue({ ...forCustomers, maxRedemptions: 1 });
    const headers = { "Idempotency-Key": `again-${code}` };
    const first = await shop.redeem(code, {}, headers);
    const again = await shop.redeem(code.replaceAll("-", "").toLowerCase(), {}, headers);
    expect(again).toMatchObject({ status: 201, body: { id: idOf(first) } });
    expect(again.headers.get("Idempotency-Replayed")).toBe("true");
    expect(await shop.redeem(code, { discount: { amount: 1, currency: "EUR" } }, headers)).toMatchObject({
      status: 422,
      body: { type: "unprocessable_content" },
    });
    const other = await shop.issue({ ...forCustomers, maxRedemptions: 1 });
    expect((await shop.redeem(other, {}, headers)).status).toBe(422);
    // Without the key it is another use, of which there is none left.
    expect(await shop.redeem(code)).toMatchObject(refusal("used up"));
  });

  test("of the same order gets the first redemption again, also when the coupon is used up by then", async () => {
    const code = await shop.issue({ ...forCustomers, maxRedemptions: 1 });
    const first = await shop.redeem(code, { orderCode: "O1" });
    const again = await shop.redeem(code, { orderCode: "O1", discount: { amount: 10, currency: "eur" } });
    expect(again).toMatchObject({ status: 201, body: { id: idOf(first) } });
    expect(again.headers.get("Idempotency-Replayed")).toBe("true");
    expect((await shop.validate(code, { orderCode: "O1" })).status).toBe(200);
    expect(await shop.uses(code)).toEqual({ counted: 1, kept: 1 });
  });

  test("of the same order with other amounts is a conflict", async () => {
    const code = await shop.issue();
    await shop.redeem(code, { orderCode: "O1" });
    const other = { orderCode: "O1", discount: { amount: 9, currency: "EUR" } };
    const conflict = { status: 409, body: { type: "conflict_resource", status: 409 } };
    expect(await shop.redeem(code, other)).toMatchObject(conflict);
    expect(await shop.validate(code, other)).toMatchObject(conflict);
    // An order code is a customer's own: another customer's order with the same code is another order.
    expect((await shop.redeem(code, { ...other, customerNumber: "C2" })).status).toBe(201);
  });
});

describe("giving a use back", () => {
  test("lets the coupon be used once more, by the same order too", async () => {
    const code = await shop.issue({ ...forCustomers, maxRedemptions: 1 });
    const first = idOf(await shop.redeem(code, { orderCode: "O1" }));
    const redemption = `/${code}/redemptions/${first}`;
    expect(await shop.as("manager", "DELETE", redemption)).toMatchObject({ status: 204, body: "" });

    expect(await shop.read(code)).toMatchObject({ status: "VALID", redemptionCount: 0 });
    expect((await shop.as("manager", "GET", redemption)).status).toBe(404);
    expect((await shop.as("manager", "GET", `/${code}/redemptions`)).body).toEqual([]);

    const second = idOf(await shop.redeem(code, { orderCode: "O1" }));
    expect(second).not.toBe(first);
    expect(await shop.uses(code)).toEqual({ counted: 1, kept: 1 });
  });

  test("works once for each use, and only under the coupon's own code", async () => {
    const code = await shop.issue();
    const other = await shop.issue();
    const id = idOf(await shop.redeem(code));
    await shop.redeem(code);
    expect((await shop.as("manager", "DELETE", `/${other}/redemptions/${id}`)).status).toBe(404);
    expect((await shop.as("manager", "DELETE", `/${code}/redemptions/${id}`)).status).toBe(204);
    expect(await shop.as("manager", "DELETE", `/${code}/redemptions/${id}`)).toMatchObject({
      status: 404,
      body: { type: "resource_not_found", message: `Coupon redemption with id ${id} not found.` },
    });
    expect(await shop.uses(code)).toEqual({ counted: 1, kept: 1 });
  });

  test("lets a keyed request be a new use, which its repetitions are answered with", async () => {
    for (const use of [{ orderCode: "O1" }, {}]) {
      const code = await shop.issue({ ...forCustomers, maxRedemptions: 2 });
      const headers = { "Idempotency-Key": `freed-${code}` };
      const first = idOf(await shop.redeem(code, use, headers));
      await shop.as("manager", "DELETE", `/${code}/redemptions/${first}`);

      const answers = await atOnce(20, () => shop.redeem(code, use, headers));
      expect(statuses(answers, 201)).toHaveLength(20);
      expect(new Set(answers.map(idOf)).size).toBe(1);
      expect(answers.map(idOf)).not.toContain(first);
      expect(answers.filter((answer) => !answer.headers.has("Idempotency-Replayed"))).toHaveLength(1);
      expect(await shop.uses(code)).toEqual({ counted: 1, kept: 1 });
    }
  });

  test("lets a keyed request be refused when somebody else has used the coupon up since", async () => {
    const code = await shop.issue({ ...forCustomers, maxRedemptions: 1 });
    const headers = { "Idempotency-Key": `taken-${code}` };
    const first = idOf(await shop.redeem(code, { orderCode: "O1" }, headers));
    await shop.as("manager", "DELETE", `/${code}/redemptions/${first}`);
    await shop.redeem(code, { customerNumber: "C2" });
    expect(await shop.redeem(code, { orderCode: "O1" }, headers)).toMatchObject(refusal("used up"));
    expect(await shop.uses(code)).toEqual({ counted: 1, kept: 1 });
  });

  test("while its keyed request is repeated leaves one use at most, and answers as the count has it", async () => {
    const code = await shop.issue({ ...forCustomers, maxRedemptions: 1 });
    const headers = { "Idempotency-Key": `racing-${code}` };
    let id = idOf(await shop.redeem(code, { orderCode: "O1" }, headers));
    for (let round = 1; round <= 5; round += 1) {
      const repeated = atOnce(5, () => shop.redeem(code, { orderCode: "O1" }, headers));
      await shop.as("manager", "DELETE", `/${code}/redemptions/${id}`);
      expect(statuses(await repeated, 201)).toHaveLength(5);
      id = idOf(await shop.redeem(code, { orderCode: "O1" }, headers));
      expect(await shop.uses(code)).toEqual({ counted: 1, kept: 1 });
    }
  });

  test("gives the customer's allowance back", async () => {
    const code = await shop.issue({ ...forCustomers, maxRedemptionsPerCustomer: 1 });
    const id = idOf(await shop.redeem(code));
    await shop.as("manager", "DELETE", `/${code}/redemptions/${id}`);
    expect((await shop.redeem(code)).status).toBe(201);
  });
});

describe("who redeems", () => {
  test("is the signed-in customer, who cannot speak for another one", async () => {
    const code = await shop.issue({ ...forCustomers, restrictions: { validFor: ["C1"] } });
    const [c1, c2] = [await shop.customer("C1"), await shop.customer("C2")];
    for (const operation of ["validation", "redemptions"]) {
      const path = `/${code}/${operation}`;
      expect(await shop.as(c2, "POST", path, order)).toMatchObject(refusal("not for this customer"));
      expect(await shop.as(c2, "POST", path, { ...order, customerNumber: "C1" })).toMatchObject({
        status: 403,
        body: { type: "insufficient_permissions", status: 403 },
      });
      expect([200, 201]).toContain((await shop.as(c1, "POST", path, order)).status);
    }
    const own = await shop.as(c1, "POST", `/${code}/redemptions`, { ...order, customerNumber: "C1" });
    expect((await shop.as("manager", "GET", `/${code}/redemptions/${idOf(own)}`)).body).toMatchObject({
      customerNumber: "C1",
    });
  });

  test("may be any customer who knows the code of a coupon that names nobody", async () => {
    const code = await shop.issue(forCustomers, "C1");
    expect((await shop.as(await shop.customer("C2"), "POST", `/${code}/redemptions`, order)).status).toBe(201);
  });

  test("is nobody, or the customer whom an employee may name", async () => {
    const code = await shop.issue({ ...forCustomers, allowAnonymous: true });
    const path = `/${code}/redemptions`;
    const named = { ...order, customerNumber: "C7" };
    for (const who of ["onBehalf", "manager"] as const) {
      const id = idOf(await shop.as(who, "POST", path, named));
      expect((await shop.as("manager", "GET", `${path}/${id}`)).body).toMatchObject({ customerNumber: "C7" });
    }
    expect(await shop.as("redeemer", "POST", path, named)).toMatchObject({
      status: 403,
      body: { message: expect.stringContaining("coupon.coupon_redeem_on_behalf") },
    });
    for (const who of ["onBehalf", "manager", "redeemer"] as const) {
      const id = idOf(await shop.as(who, "POST", path, order));
      expect((await shop.as("manager", "GET", `${path}/${id}`)).body).not.toHaveProperty("customerNumber");
    }
    const forKnown = await shop.issue();
    expect(await shop.as("redeemer", "POST", `/${forKnown}/redemptions`, order)).toMatchObject(
      refusal("for customers only"),
    );
  });

  test("may be a guest without any scope, if the coupon is for everybody, and for nobody by name", async () => {
    const [open, closed] = [await shop.issue({ ...forCustomers, allowAnonymous: true }), await shop.issue()];
    const guest = { token: await guestToken(shop.shop.tenant) };
    const unscoped = { token: await employeeToken(shop.shop.tenant, "rewardspoints.rewardpoints_view") };
    for (const caller of [guest, unscoped]) {
      expect((await shop.as(caller, "POST", `/${open}/validation`, order)).status).toBe(200);
      const id = idOf(await shop.as(caller, "POST", `/${open}/redemptions`, { ...order, legalEntityId: "L1" }));
      const { body } = await shop.as("manager", "GET", `/${open}/redemptions/${id}`);
      expect(body).not.toHaveProperty("customerNumber");
      if (caller === guest) expect(body).not.toHaveProperty("legalEntityId");
      expect(await shop.as(caller, "POST", `/${closed}/redemptions`, order)).toMatchObject(
        refusal("for customers only"),
      );
      for (const path of [`/${open}/validation`, `/${open}/redemptions`]) {
        const answer = await shop.as(caller, "POST", path, { ...order, customerNumber: "C1" });
        expect(answer).toMatchObject({ status: 403, body: { code: "missing_scope" } });
      }
    }
  });

  test("is refused in the words that published clients compare with", async () => {
    const dollars = { amount: 100, currency: "USD" };
    const worded = async (terms: object, use: object, type: string) => {
      const answer = await shop.validate(await shop.issue({ ...forCustomers, ...terms }), use);
      expect(answer, type).toMatchObject({ status: 400, body: { type: "business_error", details: [{ type }] } });
    };
    await worded({ restrictions: { validFrom: "2199-01-01T00:00:00Z" } }, {}, "coupon_not_active");
    await worded({}, { customerNumber: null }, "coupon_redemption_forbidden");
    await worded(
      { restrictions: { minOrderValue: { amount: 500, currency: "EUR" } } },
      {},
      "coupon_order_total_too_low",
    );
    await worded(
      { restrictions: { minOrderValue: { amount: 5, currency: "EUR" } } },
      { orderTotal: dollars, discount: { amount: 1, currency: "USD" } },
      "coupon_currency_incorrect",
    );
    await worded({}, { discount: { amount: 1, currency: "USD" } }, "coupon_discount_currency_incorrect");
    await worded({}, { discount: { amount: 99, currency: "EUR" } }, "coupon_discount_amount_incorrect");
    await worded({}, { discount: { amount: 0, currency: "EUR" } }, "coupon_discount_amount_incorrect");
  });

  test("may read what they have redeemed, and nobody else's", async () => {
    const code = await shop.issue({ ...forCustomers, allowAnonymous: true });
    const path = `/${code}/redemptions`;
    const [c1, c2] = [await shop.customer("C1"), await shop.customer("C2")];
    const ofC1 = idOf(await shop.as(c1, "POST", path, order));
    const ofRedeemer = idOf(await shop.as("redeemer", "POST", path, order));
    const read = async (who: Parameters<CouponShop["as"]>[0], id: string, query = "") =>
      (await shop.as(who, "GET", `${path}/${id}${query}`)).status;

    expect(await read(c1, ofC1)).toBe(200);
    expect(await read(c2, ofC1)).toBe(404);
    expect(await read(c2, ofC1, "?customerNumber=C1")).toBe(403);
    expect(await read(c1, ofRedeemer)).toBe(404);
    expect(await read("redeemer", ofRedeemer)).toBe(200);
    expect(await read("redeemer", ofC1)).toBe(404);
    expect(await read("redeemer", ofC1, "?customerNumber=C1")).toBe(403);
    expect(await read("onBehalf", ofC1)).toBe(404);
    expect(await read("onBehalf", ofC1, "?customerNumber=C1")).toBe(200);
    expect(await read("onBehalf", ofC1, "?customerNumber=C2")).toBe(404);
    expect(await read("manager", ofC1)).toBe(200);
    expect(await read("manager", ofRedeemer)).toBe(200);
  });
});

describe("a coupon", () => {
  test("shows those who read the tenant's coupons everything, and others nothing that is the seller's alone", async () => {
    const code = await shop.issue({ ...forCustomers, maxRedemptions: 3 }, "C1");
    const sellerFields = { maxRedemptions: 3, issuedTo: "C1", redemptionCount: 0, deleted: false };
    for (const who of ["reader", "manager"] as const) {
      expect(await shop.as(who, "GET", `/${code}`)).toMatchObject({ status: 200, body: sellerFields });
    }
    const fields = {
      code,
      name: "10 % off",
      discountType: "PERCENT",
      discountPercentage: 10,
      allowAnonymous: false,
      maxRedemptionsPerCustomer: -1,
      status: "VALID",
      issuedAt: expect.any(String),
    };
    for (const who of [await shop.customer("C1"), "redeemer", "onBehalf"] as const) {
      expect((await shop.as(who, "GET", `/${code}`)).body).toEqual(fields);
    }
    expect((await shop.as(await shop.customer("C1"), "GET", `?code=${code}`)).body).toEqual([fields]);
  });

  test("that was passed on can be read by whoever knows its code, without what is its owner's and the seller's", async () => {
    const code = await shop.issue({ ...forCustomers, maxRedemptions: 3 }, "C1");
    await shop.redeem(code, { customerNumber: "C9" });
    const strangers = [await shop.customer("C2"), { token: await guestToken(shop.shop.tenant) }];
    for (const stranger of strangers) {
      const { status, body } = await shop.as(stranger, "GET", `/${code}?showDeleted=true`);
      expect(status).toBe(200);
      expect(Object.keys(body as object).sort()).toEqual(
        [
          "allowAnonymous",
          "code",
          "discountPercentage",
          "discountType",
          "maxRedemptionsPerCustomer",
          "name",
          "status",
        ].sort(),
      );
      expect(await shop.as(stranger, "GET", `?code=${code}`)).toSatisfy(
        ({ status: listed, body: list }: { status: number; body: unknown }) =>
          listed === 403 || JSON.stringify(list) === "[]",
      );
    }
    expect((await shop.as(await shop.customer("C1"), "GET", `/${code}`)).body).toHaveProperty("issuedAt");
    await shop.as("manager", "DELETE", `/${code}`);
    for (const stranger of strangers) expect((await shop.as(stranger, "GET", `/${code}`)).status).toBe(404);
  });

  test("of another tenant is not there, whatever one may do at home", async () => {
    const other = await CouponShop.open();
    const code = await shop.issue();
    const id = idOf(await shop.redeem(code));
    expect((await other.as("manager", "GET", `/${code}`)).status).toBe(404);
    expect((await other.as("manager", "DELETE", `/${code}`)).status).toBe(404);
    expect((await other.redeem(code)).status).toBe(404);
    expect((await other.as("manager", "GET", `/${code}/redemptions/${id}`)).status).toBe(404);
    expect((await other.as("manager", "DELETE", `/${code}/redemptions/${id}`)).status).toBe(404);
    expect(await other.list()).toEqual([]);
    expect((await shop.as({ token: other.employees.manager }, "DELETE", `/${code}`)).status).toBe(403);
    expect(await shop.uses(code)).toEqual({ counted: 1, kept: 1 });
  });

  test("that is deleted is gone for everybody but those who ask for it, and stays on record", async () => {
    const code = await shop.issue();
    const id = idOf(await shop.redeem(code));
    expect(await shop.as("manager", "DELETE", `/${code}`)).toMatchObject({ status: 204, body: "" });
    expect((await shop.as("manager", "DELETE", `/${code}`)).status).toBe(404);

    for (const who of ["manager", "reader", "redeemer", await shop.customer("C1")] as const) {
      expect((await shop.as(who, "GET", `/${code}`)).status).toBe(404);
    }
    for (const who of ["reader", "redeemer", "onBehalf", await shop.customer("C1")] as const) {
      expect((await shop.as(who, "GET", `/${code}?showDeleted=true`)).status).toBe(404);
    }
    expect(await shop.read(code)).toMatchObject({ code, deleted: true });
    expect((await shop.validate(code)).status).toBe(404);
    expect((await shop.redeem(code)).status).toBe(404);
    expect((await shop.as("manager", "GET", `/${code}/redemptions/${id}`)).status).toBe(200);
    expect((await shop.as("manager", "GET", `/${code}/redemptions`)).body).toHaveLength(1);
    expect((await shop.as("manager", "DELETE", `/${code}/redemptions/${id}`)).status).toBe(204);
  });
});

describe("the list of coupons", () => {
  let listed: CouponShop;
  let codes: Readonly<Record<"valid" | "used" | "expired" | "inactive" | "other" | "deleted", string>>;

  beforeAll(async () => {
    listed = await CouponShop.open();
    const once = { ...forCustomers, maxRedemptions: 1 };
    codes = {
      valid: await listed.issue(),
      used: await listed.issue(once),
      expired: await listed.issueEnded(once),
      inactive: await listed.issue({ ...once, restrictions: { validFrom: "2999-01-01T00:00:00Z" } }),
      other: await listed.issue(forCustomers, "C 2:x"),
      deleted: await listed.issue(),
    };
    await listed.redeem(codes.used);
    await listed.as("manager", "DELETE", `/${codes.deleted}`);
  });

  test("has all that is not deleted, oldest first", async () => {
    const { valid, used, expired, inactive, other } = codes;
    expect(await listed.list()).toEqual([valid, used, expired, inactive, other]);
    expect(await listed.list("", "manager")).toHaveLength(5);
    expect(await listed.list("?showDeleted=true")).toEqual(Object.values(codes));
  });

  test("is narrowed by customer, code and status, as parameters or in q", async () => {
    const { valid, used, expired, inactive, other, deleted } = codes;
    const cases: readonly (readonly [string, readonly string[]])[] = [
      ["?status=VALID", [valid, other]],
      ["?status=USED", [used]],
      ["?q=status:EXPIRED", [expired]],
      ["?q=status:INACTIVE%20issuedTo:C1", [inactive]],
      ["?status=VALID&q=issuedTo:C1", [valid]],
      [`?issuedTo=${encodeURIComponent("C 2:x")}`, [other]],
      ["?issuedTo=c1", []],
      [`?code=${used.toLowerCase().replaceAll("-", "")}`, [used]],
      [`?q=code:${used}`, [used]],
      [`?q=code:${deleted}`, []],
      [`?q=code:${deleted}&showDeleted=true`, [deleted]],
      ["?q=", [valid, used, expired, inactive, other]],
    ];
    for (const [query, expected] of cases) expect(await listed.list(query), query).toEqual(expected);
  });

  test("comes in pages, sorted as asked, with the number of items on all of them", async () => {
    const all = await listed.list();
    const paged = [1, 2, 3, 4].map((pageNumber) => listed.list(`?pageSize=2&pageNumber=${pageNumber}`));
    expect(await Promise.all(paged)).toEqual([all.slice(0, 2), all.slice(2, 4), all.slice(4), []]);
    expect(await listed.list("?sort=issuedAt:desc")).toEqual(all.toReversed());
    expect(await listed.list("?sort=code")).toEqual(all.toSorted());
    expect(await listed.list("?sort=code:desc&pageSize=1")).toEqual(all.toSorted().slice(-1));

    const counted = await listed.as("reader", "GET", "?totalCount=true&pageSize=1&status=VALID");
    expect(counted.headers.get("Items-Count")).toBe("2");
    expect(counted.headers.get("X-Total-Count")).toBe("2");
    expect((await listed.as("reader", "GET", "")).headers.has("Items-Count")).toBe(false);
  });

  test("holds sixteen on a page unless more are asked for", async () => {
    const many = await CouponShop.open();
    for (let issued = 0; issued < 17; issued += 1) await many.issue();
    expect(await many.list()).toHaveLength(16);
    expect(await many.list("?pageSize=1000")).toHaveLength(17);
  });

  test("has for a customer a hundred on a page at most", async () => {
    const c1 = await listed.customer("C1");
    expect(await listed.list("?pageSize=100", c1)).toHaveLength(4);
    expect(await listed.as(c1, "GET", "?pageSize=101")).toMatchObject({
      status: 400,
      body: { details: [{ field: "pageSize", type: "too_big" }] },
    });
  });

  test("has for a customer their own, and nothing that is deleted", async () => {
    const [c1, c2] = [await listed.customer("C1"), await listed.customer("C 2:x")];
    const { valid, used, expired, inactive, other } = codes;
    expect(await listed.list("", c1)).toEqual([valid, used, expired, inactive]);
    expect(await listed.list("?showDeleted=true", c1)).toHaveLength(4);
    expect(await listed.list("?status=USED", c1)).toEqual([used]);
    expect(await listed.list("", c2)).toEqual([other]);
    expect(await listed.list("?issuedTo=C1", c2)).toEqual([]);
    for (const query of [`?code=${valid}`, `?q=code:${valid}`]) {
      expect(await listed.list(query, c1)).toEqual([valid]);
      expect(await listed.list(query, c2)).toEqual([]);
    }
    const counted = await listed.as(c1, "GET", "?totalCount=true");
    expect(counted.headers.get("Items-Count")).toBe("4");
  });

  test("is not for guests, nor for those who only redeem", async () => {
    for (const token of [await guestToken(listed.shop.tenant), listed.employees.redeemer, listed.employees.onBehalf]) {
      expect(await listed.as({ token }, "GET", "")).toMatchObject({
        status: 403,
        body: { type: "insufficient_permissions", status: 403 },
      });
    }
  });

  test.each([
    "pageNumber=0",
    "pageSize=0",
    "pageSize=1001",
    "pageSize=x",
    "sort=id",
    "sort=code:up",
    "sort=code;issuedAt",
    "sort=code,issuedAt,name,code",
    "totalCount=yes",
    "showDeleted=1",
    "status=GONE",
    "issuedTo=",
    "q=metadata:x",
    "q=name:(~x",
    "q=name:",
    "q=(",
    "q=)",
    "q=name:cc%20(",
    "q=status:VALID(",
    "q=status:GONE",
    "q=status",
    "q=status:VALID,status:USED",
    "q=status:VALID%20status:USED",
    "q=status:(VALID,USED)",
    "q=restrictions.validFor:(C1,C2)",
    "q=constructor:x",
    "q=code:~RP",
    "q=code:%22A%22",
    "q=issuedTo:C1&issuedTo=C1",
  ])("refuses ?%s", async (query) => {
    expect(await listed.as("reader", "GET", `?${query}`)).toMatchObject({
      status: 400,
      body: { type: "validation_violation", status: 400, details: [expect.any(Object)] },
    });
  });
});

describe("a search among coupons", () => {
  let found: CouponShop;
  const codes: Record<string, string> = {};
  const search = async (query: string, who: Parameters<CouponShop["as"]>[0] = "reader") => {
    const { status, body } = await found.as(who, "GET", `?${query}`);
    expect(status, query).toBe(200);
    const names = new Map(Object.entries(codes).map(([name, code]) => [code, name]));
    return (body as { code: string }[]).map(({ code }) => names.get(code));
  };

  beforeAll(async () => {
    found = await CouponShop.open();
    const tenEuros = {
      discountType: "ABSOLUTE",
      discountPercentage: undefined,
      discountAbsolute: { amount: 10, currency: "EUR" },
    };
    codes["one"] = await found.issue({ ...forCustomers, name: "Summer EUR sale" });
    codes["two"] = await found.issue({ ...forCustomers, ...tenEuros, name: "cc" });
    codes["three"] = await found.issue({ ...forCustomers, name: "Äpfel", restrictions: { validFor: ["C1", "C1001"] } });
    // A damaged row spoils no search.
    const broken = await found.issue();
    await env.DB.prepare("update coupons set definition = 'x' where tenant = ? and code = ?")
      .bind(found.shop.tenant, broken)
      .run();
  });

  test.each([
    ["q=name:cc", ["two"]],
    ["q=name:~eur", ["one"]],
    ["q=name:~(EUR sale)", ["one"]],
    ["q=name:(~eur SALE)", ["one"]],
    ["q=name:(cc,Äpfel)", ["two", "three"]],
    ["q=name:~%25", []],
    ["q=discountType:ABSOLUTE", ["two"]],
    ["q=discountType:(ABSOLUTE PERCENT)", ["one", "two", "three"]],
    ["q=discountType:PERCENT name:~sale", ["one"]],
    ["q=restrictions.validFor:C1001", ["three"]],
    ["q=restrictions.validFor:C100", []],
    ["q=issuedTo:C1 name:cc", ["two"]],
    ["sort=name:DESC&q=status:VALID", ["three", "two", "one"]],
    ["sort=name:asc,code:desc&q=status:VALID", ["one", "two", "three"]],
  ])("finds by ?%s", async (query, names) => {
    expect(await search(query)).toEqual(names);
  });

  test("finds several codes, however they are separated", async () => {
    const { one, three } = codes;
    const [first, last] = [one, three].sort();
    const sorted = [first, last].map((code) => (code === one ? "one" : "three"));
    for (const query of [`q=code:(${one} ${three})`, `q=code:(${three},${one})`]) {
      expect(await search(`${query}&sort=code:ASC`)).toEqual(sorted);
      expect(await search(`${query}&sort=code:desc,name:asc`)).toEqual([...sorted].reverse());
    }
  });

  test("counts on request, by header or parameter", async () => {
    for (const [query, headers] of [
      ["q=discountType:PERCENT&totalCount=true&pageSize=1", {}],
      ["q=discountType:PERCENT&pageSize=1", { "X-Total-Count": "true" }],
      ["q=discountType:PERCENT&pageSize=1", { "x-total-count": "TRUE" }],
    ] as const) {
      const path = `${found.path}?${query}`;
      const { headers: answered } = await call("GET", path, { token: found.employees.reader, headers });
      expect(answered.get("X-Total-Count")).toBe("2");
    }
    const uses = `${found.path}/${codes["one"]}/redemptions`;
    await found.redeem(codes["one"] ?? "");
    const counted = await call("GET", uses, { token: found.employees.manager, headers: { "X-Total-Count": "true" } });
    expect(counted.headers.get("X-Total-Count")).toBe("1");
  });

  test("shows customers nothing of others, not even for whom their own coupons are", async () => {
    const own = await found.customer("C1");
    expect(await search("q=restrictions.validFor:C1", own)).toEqual(["three"]);
    expect(await search("q=restrictions.validFor:C1001", own)).toEqual([]);
    expect(await search("q=name:~e", await found.customer("C2"))).toEqual([]);
  });
});

describe("the list of a coupon's redemptions", () => {
  test("comes in pages, narrowed by customer and order, with the number of items on all of them", async () => {
    const code = await shop.issue();
    const ids: string[] = [];
    for (const [customerNumber, orderCode] of [
      ["C1", "O1"],
      ["C1", "O2"],
      ["C2", "O1"],
    ] as const) {
      ids.push(idOf(await shop.redeem(code, { customerNumber, orderCode })));
    }
    const list = async (query: string) => {
      const answer = await shop.as("manager", "GET", `/${code}/redemptions${query}`);
      return (answer.body as { id: string }[]).map(({ id }) => ids.indexOf(id));
    };
    expect(await list("")).toEqual([0, 1, 2]);
    expect(await list("?sort=redeemedAt:desc")).toEqual([2, 1, 0]);
    expect(await list("?customerNumber=C1")).toEqual([0, 1]);
    expect(await list("?q=orderCode:O1")).toEqual([0, 2]);
    expect(await list("?q=orderCode:O1%20customerNumber:C2")).toEqual([2]);
    expect(await list("?pageSize=2&pageNumber=2")).toEqual([2]);
    const counted = await shop.as("manager", "GET", `/${code}/redemptions?totalCount=true&pageSize=1`);
    expect(counted.headers.get("Items-Count")).toBe("3");
    for (const query of ["?sort=id", "?q=id:1", "?q=orderCode:O1&orderCode=O1", "?pageSize=1001"]) {
      expect((await shop.as("manager", "GET", `/${code}/redemptions${query}`)).status).toBe(400);
    }
  });
});
