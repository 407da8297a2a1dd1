import { describe, expect, it } from "vitest";
import { completedOrder, queued } from "../../support/orders/order-events.ts";
import { consume } from "../../support/prepared-shop.ts";
import { call, Shop } from "../../support/shop.ts";
import { employeeToken, guestToken } from "../../support/tokens.ts";

/** As a Terraform provider sends it: two of its members are not in the contract. */
const outlet = {
  code: "outlet",
  name: "Outlet",
  active: true,
  default: false,
  includesTax: true,
  defaultLanguage: "de",
  languages: ["en", "de"],
  currency: "CHF",
  availableCurrencies: ["EUR", "CHF"],
  shipToCountries: ["DE", "AT", "CH"],
  taxCalculationAddressType: "SHIPPING_ADDRESS",
  decimalPoints: 3,
  cartCalculationScale: 4,
  homeBase: {
    address: { street: "Europaplatz", zipCode: "10557", city: "Berlin", country: "DE" },
    location: { latitude: 52.5252674766642, longitude: 13.3705054741905 },
    timezone: "Europe/Zurich",
  },
  assistedBuying: { storefrontUrl: "https://shop.test" },
};
const settings = { enabled: true, codePrefix: "RP", orderValueToRewardPointsFactor: 1 };

async function openShop() {
  const shop = await Shop.open(null);
  const sites = `/site/${shop.tenant}/sites`;
  const create = (more: object = {}, headers?: Record<string, string>) =>
    shop.manage("POST", sites, { ...outlet, ...more }, headers);
  const at = (code: string, query = "") => `${sites}/${code}${query}`;
  const read = async (code: string, query = ""): Promise<Record<string, unknown>> =>
    (await shop.manage("GET", at(code, query))).body as Record<string, unknown>;
  const list = async (query = "", token = shop.employee) =>
    call("GET", `/site/${shop.tenant}/siteslist?${query}`, { token });
  return { shop, sites, create, at, read, list };
}

describe("a site", () => {
  it("is read as it was created, changed and replaced, and is gone when it is deleted", async () => {
    const { shop, sites, create, at, read } = await openShop();
    expect(await shop.manage("GET", at("outlet"))).toMatchObject({ status: 404, body: { message: "Site not Found" } });
    expect(await create()).toMatchObject({ status: 201, body: { id: "outlet" } });
    const rest = { taxDeterminationBasedOn: "BILLING_ADDRESS", shipping: [], payment: [], tax: [] };
    expect(await read("outlet")).toEqual({ ...outlet, ...rest, metadata: { mixins: {}, version: 1 } });

    const patch = { name: "Sale", includesTax: null, homeBase: { address: { street: null }, location: null } };
    expect(await shop.manage("PATCH", at("outlet"), patch)).toMatchObject({ status: 200, body: "" });
    const { includesTax: _tax, ...kept } = outlet;
    const homeBase = { address: { zipCode: "10557", city: "Berlin", country: "DE" }, timezone: "Europe/Zurich" };
    expect(await read("outlet")).toEqual({
      ...kept,
      ...rest,
      name: "Sale",
      homeBase,
      metadata: { mixins: {}, version: 2 },
    });

    const { code: _code, assistedBuying: _buying, ...replacement } = outlet;
    expect((await shop.manage("PUT", at("outlet"), replacement)).status).toBe(200);
    expect(await read("outlet")).toEqual({
      code: "outlet",
      ...replacement,
      ...rest,
      metadata: { mixins: {}, version: 3 },
    });

    expect((await shop.manage("DELETE", at("outlet"))).status).toBe(204);
    for (const method of ["GET", "DELETE"]) expect((await shop.manage(method, at("outlet"))).status).toBe(404);
    expect((await shop.manage("PATCH", at("outlet"), { name: "x" })).status).toBe(404);
    expect((await shop.manage("PUT", at("outlet"), outlet)).status).toBe(404);
    // As published clients send it.
    expect((await shop.manage("POST", `${sites}/`, outlet)).status).toBe(201);
  });

  it("is created once, however often it is tried", async () => {
    const { create, list } = await openShop();
    const answers = await Promise.all([1, 2, 3].map((n) => create({ name: `n${n}` })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    const key = { "Idempotency-Key": "again" };
    for (const _ of [1, 2]) expect((await create({ code: "second" }, key)).status).toBe(201);
    expect((await list()).body).toEqual(["main", "outlet", "second"]);
  });

  it("loses no change when several are made at once, and refuses one of an older version", async () => {
    const { shop, create, at, read } = await openShop();
    await create();
    const patches = ["a", "b", "c", "d"].map((name) => ({ [name]: 1, mixins: { [name]: { x: 1 } } }));
    const answers = await Promise.all(patches.map((patch) => shop.manage("PATCH", at("outlet"), patch)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const { metadata, mixins, ...rest } = await read("outlet", "?expand=mixin:*");
    expect(metadata).toEqual({ mixins: {}, version: 5 });
    expect(rest).toMatchObject({ a: 1, b: 1, c: 1, d: 1 });
    expect(mixins).toEqual({ a: { x: 1 }, b: { x: 1 }, c: { x: 1 }, d: { x: 1 } });
    const stale = { ...outlet, metadata: { version: 4 } };
    for (const method of ["PUT", "PATCH"]) {
      const answer = await shop.manage(method, at("outlet"), stale);
      expect(answer).toMatchObject({ status: 409, body: { code: "site_version_conflict", details: [{}] } });
    }
  });

  it.each<[object, string]>([
    [{ currency: "EUX" }, "currency"],
    [{ currency: "eur" }, "currency"],
    [{ homeBase: { address: { country: "DE", zipCode: null } } }, "homeBase.address.zipCode"],
    [{ homeBase: { ...outlet.homeBase, timezone: "Europe/Xp" } }, "homeBase.timezone"],
    [{ homeBase: { ...outlet.homeBase, timezone: "+01:00" } }, "homeBase.timezone"],
    [{ languages: ["en", "DE"] }, "languages.1"],
    [{ shipToCountries: ["de"] }, "shipToCountries.0"],
    [{ code: "a b" }, "code"],
    [{ payment: [{ id: 1 }] }, "payment.0.id"],
    [{ mixins: { "a/b": {} } }, "mixins.a/b"],
    [
      { mixins: { couponSettings: { rewardpoints: { enabled: "yes" } } } },
      "mixins.couponSettings.rewardpoints.enabled",
    ],
    [{ metadata: { mixins: { a: 1 } } }, "metadata.mixins.a"],
  ])("is refused with %j", async (wrong, field) => {
    const { shop, create, at, list } = await openShop();
    const answer = await create(wrong);
    expect(answer).toMatchObject({ status: 400, body: { type: "validation_violation", details: [{ field }] } });
    expect((await list()).body).toEqual(["main"]);
    expect(await create({ note: "\ud83d" })).toMatchObject({ status: 400, body: { details: [{ field: "note" }] } });
    await create();
    if ("code" in wrong) return;
    for (const method of ["PUT", "PATCH"]) {
      const changed = await shop.manage(method, at("outlet"), { ...outlet, ...wrong });
      expect(changed).toMatchObject({ status: 400, body: { details: [{ field }] } });
    }
  });

  it("keeps its code, and does not grow without bound", async () => {
    const { shop, create, at } = await openShop();
    await create();
    for (const method of ["PUT", "PATCH"]) {
      const renamed = await shop.manage(method, at("outlet"), { ...outlet, code: "other" });
      expect(renamed).toMatchObject({ status: 400, body: { details: [{ field: "code" }] } });
      const grown = await shop.manage(method, at("outlet"), { ...outlet, note: "x".repeat(16 * 1024) });
      expect(grown).toMatchObject({ status: 400, body: { details: [{ type: "too_big" }] } });
    }
  });
});

describe("the default site", () => {
  it("is main until another one is stored as it; there is always exactly one", async () => {
    const { shop, create, at, read, list } = await openShop();
    expect(await read("main")).toMatchObject({
      code: "main",
      default: true,
      currency: "XXX",
      metadata: { version: 0 },
    });
    expect((await create({ default: true })).status).toBe(201);
    expect((await list("sort=default:desc,code")).body).toEqual(["outlet", "main"]);
    expect(await read("main")).toMatchObject({ name: "main", default: false, metadata: { version: 1 } });
    expect((await shop.manage("PATCH", at("main"), { default: true, currency: "EUR" })).status).toBe(200);
    expect((await list("q=default:true")).body).toEqual(["main"]);
    expect(await read("outlet")).toMatchObject({ default: false, metadata: { version: 2 } });

    const needed = { status: 400, body: { code: "default_site_needed", details: [{}] } };
    expect(await shop.manage("DELETE", at("main"))).toMatchObject(needed);
    for (const method of ["PUT", "PATCH"]) {
      const { code: _code, ...rest } = outlet;
      expect(await shop.manage(method, at("main"), { ...rest, default: false })).toMatchObject(needed);
    }
    await shop.manage("PATCH", at("outlet"), { default: true });
    expect((await shop.manage("DELETE", at("main"))).status).toBe(204);
    expect((await shop.manage("GET", at("main"))).status).toBe(404);
    await create({ code: "third", default: true });
    expect((await list()).body).toEqual(["outlet", "third"]);
  });

  it("stays one when several become it at once", async () => {
    const { create, list } = await openShop();
    const codes = ["a", "b", "c", "d"];
    await Promise.all(codes.map((code) => create({ code, default: true })));
    expect((await list("q=default:true")).body).toHaveLength(1);
  });

  it("cannot be stored as main without being it", async () => {
    const { create, read } = await openShop();
    expect((await create({ code: "main" })).status).toBe(400);
    expect((await create({ code: "main", default: undefined })).status).toBe(201);
    expect(await read("main")).toMatchObject({ default: true, currency: "CHF" });
  });
});

describe("a list of sites", () => {
  it("is sorted, filtered and paged, and has active sites only, unless a manager asks for all", async () => {
    const { shop, create, list } = await openShop();
    for (const [code, name, currency] of [
      ["b", "Berlin West", "EUR"],
      ["c", "Chur", "CHF"],
      ["a", "Aachen", "EUR"],
    ])
      await create({ code, name, currency, active: code !== "a" });
    expect((await list()).body).toEqual(["b", "c", "main"]);
    expect((await list("includeInactive=true&sort=currency,name:desc")).body).toEqual(["c", "b", "a", "main"]);
    expect((await list(`q=${encodeURIComponent('name:"Berlin West" currency:EUR')}`)).body).toEqual(["b"]);
    expect((await list("q=name:~WEST")).body).toEqual(["b"]);
    expect((await list("q=code:(b c) shipToCountries:CH")).body).toEqual(["b", "c"]);
    const page = await list("pageNumber=2&pageSize=2&totalCount=true");
    expect([page.body, page.headers.get("X-Count")]).toEqual([["main"], "3"]);
    for (const bad of ["q=city:Chur", "q=name", "sort=city", "expand=mixin:a/b", "expand=fee:all"]) {
      expect((await list(bad)).status).toBe(400);
    }

    const guest = await guestToken(shop.tenant);
    expect((await list("", guest)).body).toEqual(["b", "c", "main"]);
    const forbidden = {
      status: 403,
      body: {
        type: "Forbidden",
        status: 403,
        message: "User not authorized",
        details: [{ message: "Missing required scopes [site.site_manage]" }],
      },
    };
    expect(await list("includeInactive=true", guest)).toMatchObject(forbidden);
    const inactive = await call("GET", `/site/${shop.tenant}/sites/a`, { token: guest });
    expect(inactive).toMatchObject(forbidden);
  });
});

describe("mixins of a stored site", () => {
  it("are created, shown, merged, replaced and deleted together with it", async () => {
    const { shop, create, at, read } = await openShop();
    const url = "https://schemas.test/brand.json";
    const mixins = { brand: { color: "#FF5733", count: 100 }, plain: { metadata: { of: 1 } } };
    await create({ mixins, metadata: { mixins: { brand: url, unknown: url }, version: 14 } });
    const shown = () => read("outlet", "?expand=mixin:*");
    expect(await shown()).toMatchObject({ mixins, metadata: { mixins: { brand: url }, version: 1 } });
    expect((await shown())["mixins"]).toEqual(mixins);
    const own = await shop.manage("GET", `${at("outlet")}/mixins/brand`);
    expect(own.body).toEqual({ ...mixins.brand, metadata: { schema: url } });
    expect(await read("outlet")).not.toHaveProperty("mixins");
    expect((await read("outlet", "?expand=mixins:plain"))["mixins"]).toEqual({ plain: mixins.plain });

    await shop.manage("PATCH", at("outlet"), {
      mixins: { brand: { count: null }, added: { a: 1 }, plain: null },
      metadata: { mixins: { added: url } },
    });
    expect(await shown()).toMatchObject({
      mixins: { added: { a: 1 }, brand: { color: "#FF5733" } },
      metadata: { mixins: { added: url, brand: url } },
    });
    // What a client cannot see, it cannot have meant to remove.
    await shop.manage("PUT", at("outlet"), { ...outlet, mixins: { added: { b: 2 } }, metadata: {} });
    expect((await shown())["mixins"]).toEqual({ added: { b: 2 }, brand: { color: "#FF5733" } });
    await shop.manage("PUT", at("outlet", "?expand=mixin:*"), { ...outlet, mixins: { only: {} } });
    expect((await shown())["mixins"]).toEqual({ only: {} });

    await shop.manage("DELETE", at("outlet"));
    expect((await shop.manage("GET", `${at("outlet")}/mixins`)).body).toEqual({});
  });

  it("that were there before the site are the site's, and are not overwritten by its creation", async () => {
    const { shop, create, at, read } = await openShop();
    await shop.manage("POST", `${at("outlet")}/mixins`, { test: { n: 1 } });
    expect((await shop.manage("GET", at("outlet"))).status).toBe(404);
    expect(await create({ mixins: { test: { n: 2 } } })).toMatchObject({ status: 409, body: { code: "mixin_exists" } });
    expect((await create()).status).toBe(201);
    expect((await read("outlet", "?expand=mixin:*"))["mixins"]).toEqual({ test: { n: 1 } });
  });
});

describe("services of a site", () => {
  const card = { id: "card", active: true, configuration: { public: { a: 1 }, restricted: { secret: 2 } } };
  const cash = { id: "cash", active: false };

  it("are shown as far as the request asks for them; what they keep restricted is for managers", async () => {
    const { shop, create, at, read } = await openShop();
    await create({ payment: [card, cash], tax: [cash] });
    expect(await read("outlet")).toMatchObject({ payment: [card], tax: [], shipping: [] });
    expect(await read("outlet", "?expand=payment:all,tax:none")).toMatchObject({ payment: [card, cash] });
    expect(await read("outlet", "?expand=tax:none")).not.toHaveProperty("tax");
    const token = await guestToken(shop.tenant);
    const { body } = await call("GET", at("outlet"), { token });
    expect(body).toMatchObject({ payment: [{ id: "card", active: true, configuration: { public: { a: 1 } } }] });
    expect(JSON.stringify(body)).not.toContain("secret");
  });

  it("stay when the client that replaces the list could not see them", async () => {
    const { shop, create, at, read } = await openShop();
    await create({ payment: [card, cash] });
    const all = async () => (await read("outlet", "?expand=payment:all"))["payment"];
    await shop.manage("PUT", at("outlet"), { ...outlet, payment: [] });
    expect(await all()).toEqual([cash]);
    await shop.manage("PATCH", at("outlet"), { payment: [{ id: "cash" }] });
    expect(await all()).toEqual([{ id: "cash" }]);
    await shop.manage("PUT", at("outlet", "?expand=payment:all"), outlet);
    expect(await all()).toEqual([]);
  });
});

describe("reward points at a site", () => {
  it("follow its settings at once, and are never taken by its deletion", async () => {
    const { shop, create, at } = await openShop();
    await create({ mixins: { couponSettings: { rewardpoints: settings } } });
    const optionId = await shop.addOption(10);
    await shop.addPoints("C1", 100);
    const token = await shop.customerToken("C1");
    const redeem = () =>
      call("POST", "/reward-points/public/customer/redeem?siteCode=outlet", { token, json: { id: optionId } });
    expect((await redeem()).status).toBe(200);
    await shop.manage("PATCH", at("outlet"), { mixins: { couponSettings: { rewardpoints: { enabled: false } } } });
    expect(await redeem()).toMatchObject({ status: 400, body: { code: "rewards_disabled" } });
    await shop.manage("PATCH", at("outlet"), { mixins: { couponSettings: { rewardpoints: { enabled: true } } } });
    expect((await redeem()).status).toBe(200);
    await shop.manage("DELETE", at("outlet"));
    expect(await redeem()).toMatchObject({ status: 400, body: { code: "rewards_disabled" } });
    expect(await shop.balance("C1")).toBe(80);
  });

  it("are kept by an order whose site is gone, whatever is told of the order later", async () => {
    const { shop, create, at } = await openShop();
    await create({ mixins: { couponSettings: { rewardpoints: settings } } });
    const tell = (more: object, id: string) =>
      consume([queued(shop.tenant, completedOrder("O1", { siteCode: "outlet", customer: { id: "C1" }, ...more }), id)]);
    await tell({}, "first");
    expect(await shop.balance("C1")).toBe(433);
    await shop.manage("DELETE", at("outlet"));
    await tell({ metadata: { version: 2 } }, "second");
    expect(await shop.balance("C1")).toBe(433);
    expect((await shop.manage("GET", "/reward-points/customer/C1/verify")).body).toMatchObject({ sound: true });
  });
});

describe("a dashboard", () => {
  it("makes a new site of main, and sends back the whole site that it has read", async () => {
    const { shop, sites, at, read } = await openShop();
    const main = await read("main");
    const homeBase = { ...(main["homeBase"] as object), location: { longitude: null, latitude: null } };
    const payment = [{ id: "stripe", name: "Stripe", serviceType: "urn:payment", serviceUrl: "", active: true }];
    const made = { ...main, homeBase, name: "New", code: "new", shipToCountries: ["DE"], payment };
    expect((await shop.manage("POST", `${sites}/`, made)).status).toBe(201);
    const shown = await read("new");
    expect(shown).toMatchObject({ name: "New", shipToCountries: ["DE"], payment });
    const typed = { address: { country: "DE", zipCode: "1" }, location: { longitude: "13.37", latitude: "-0.5" } };
    const edited = { ...shown, name: "Newer", homeBase: typed };
    expect((await shop.manage("PATCH", at("new"), edited)).status).toBe(200);
    expect(await read("new")).toMatchObject({
      name: "Newer",
      homeBase: { location: { longitude: 13.37, latitude: -0.5 } },
    });
    expect(await shop.manage("PATCH", at("new"), edited)).toMatchObject({
      status: 409,
      body: { details: [{ message: expect.any(String) }] },
    });
  });
});

describe("who may do what", () => {
  it("is the manager of sites who writes, and everybody of the tenant who reads", async () => {
    const { shop, create, at, sites } = await openShop();
    await create();
    const reader = await employeeToken(shop.tenant, "site.site_read");
    for (const token of [await shop.customerToken("C1"), await guestToken(shop.tenant), reader]) {
      expect((await call("GET", sites, { token })).status).toBe(200);
      expect((await call("GET", at("outlet", "?expand=mixin:*"), { token })).status).toBe(200);
      for (const [method, path] of [
        ["POST", sites],
        ["PUT", at("outlet")],
        ["PATCH", at("outlet")],
        ["DELETE", at("outlet")],
      ] as const) {
        const json = method === "DELETE" ? {} : { json: outlet };
        expect(await call(method, path, { token, ...json })).toMatchObject({
          status: 403,
          body: { type: "Forbidden" },
        });
      }
    }
  });
});
