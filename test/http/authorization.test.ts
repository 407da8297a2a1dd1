import { env } from "cloudflare:workers";
import { exportSPKI, generateKeyPair, importJWK } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { call } from "../support/shop.ts";
import { customerToken, employeeToken, guestToken, manage, signToken, view } from "../support/tokens.ts";

const tenant = "auth";
const site = `/site/${tenant}/sites/main/mixins`;
const events = `/reward-points/${tenant}/events`;
const options = `/reward-points/${tenant}/redeemOptions`;
const coupons = `/coupon/${tenant}/coupons`;
const couponUse = { orderTotal: { amount: 1, currency: "EUR" }, discount: { amount: 0, currency: "EUR" } };

type Callers =
  | "viewers"
  | "managers"
  | "customers"
  | "anyone"
  | "couponReaders"
  | "couponViewers"
  | "couponRedeemers"
  | "couponManagers"
  | "siteManagers";

/** Every operation that needs a token: who may call it, and a request that is right but for the token. */
const operations: Readonly<Record<string, { callers: Callers; path: string; json?: unknown }>> = {
  "GET /reward-points/summaryBatch": { callers: "viewers", path: "/reward-points/summaryBatch" },
  "GET /reward-points/customer/{customerId}": { callers: "viewers", path: "/reward-points/customer/C1" },
  "POST /reward-points/customer/{customerId}": { callers: "managers", path: "/reward-points/customer/C1", json: {} },
  "DELETE /reward-points/customer/{customerId}": { callers: "managers", path: "/reward-points/customer/C1" },
  "GET /reward-points/customer/{customerId}/summary": {
    callers: "viewers",
    path: "/reward-points/customer/C1/summary",
  },
  "POST /reward-points/customer/{customerId}/addPoints": {
    callers: "managers",
    path: "/reward-points/customer/C1/addPoints",
    json: { points: 1 },
  },
  "POST /reward-points/customer/{customerId}/redeemPoints": {
    callers: "managers",
    path: "/reward-points/customer/C1/redeemPoints",
    json: { points: 1 },
  },
  "GET /reward-points/public/customer": { callers: "customers", path: "/reward-points/public/customer" },
  "GET /reward-points/public/customer/summary": {
    callers: "customers",
    path: "/reward-points/public/customer/summary",
  },
  "GET /reward-points/public/customer/redeemOptions": {
    callers: "customers",
    path: "/reward-points/public/customer/redeemOptions",
  },
  "POST /reward-points/public/customer/redeem": {
    callers: "customers",
    path: "/reward-points/public/customer/redeem",
    json: { id: "x" },
  },
  "GET /reward-points/public/customer/coupons": {
    callers: "customers",
    path: "/reward-points/public/customer/coupons",
  },
  "DELETE /reward-points/public/customer/coupons/{code}": {
    callers: "customers",
    path: "/reward-points/public/customer/coupons/X",
  },
  "GET /reward-points/{tenant}/redeemOptions": { callers: "anyone", path: options },
  "POST /reward-points/{tenant}/redeemOptions": {
    callers: "managers",
    path: options,
    json: { type: "coupon", name: "x", points: 1 },
  },
  "PUT /reward-points/{tenant}/redeemOptions/{redeemOptionId}": {
    callers: "managers",
    path: `${options}/x`,
    json: { type: "coupon", name: "x", points: 1 },
  },
  "DELETE /reward-points/{tenant}/redeemOptions/{redeemOptionId}": { callers: "managers", path: `${options}/x` },
  "GET /coupon/{tenant}/coupons": { callers: "couponReaders", path: coupons },
  "POST /reward-points/{tenant}/events": { callers: "managers", path: events, json: { type: "x", payload: {} } },
  "GET /reward-points/{tenant}/events": { callers: "viewers", path: events },
  "GET /reward-points/{tenant}/events/{eventId}": { callers: "viewers", path: `${events}/x` },
  "POST /reward-points/{tenant}/events/{eventId}/replay": { callers: "managers", path: `${events}/x/replay` },
  "GET /coupon/{tenant}/coupons/{code}": { callers: "couponViewers", path: `${coupons}/X` },
  "DELETE /coupon/{tenant}/coupons/{code}": { callers: "couponManagers", path: `${coupons}/X` },
  "POST /coupon/{tenant}/coupons/{code}/validation": {
    callers: "couponRedeemers",
    path: `${coupons}/X/validation`,
    json: couponUse,
  },
  "GET /coupon/{tenant}/coupons/{code}/redemptions": { callers: "couponManagers", path: `${coupons}/X/redemptions` },
  "POST /coupon/{tenant}/coupons/{code}/redemptions": {
    callers: "couponRedeemers",
    path: `${coupons}/X/redemptions`,
    json: couponUse,
  },
  "GET /coupon/{tenant}/coupons/{code}/redemptions/{id}": {
    callers: "couponRedeemers",
    path: `${coupons}/X/redemptions/1`,
  },
  "DELETE /coupon/{tenant}/coupons/{code}/redemptions/{id}": {
    callers: "couponManagers",
    path: `${coupons}/X/redemptions/1`,
  },
  "GET /site/{tenant}/sites/{siteCode}/mixins": { callers: "siteManagers", path: site },
  "POST /site/{tenant}/sites/{siteCode}/mixins": { callers: "siteManagers", path: site, json: { a: {} } },
  "GET /site/{tenant}/sites/{siteCode}/mixins/{mixinName}": { callers: "siteManagers", path: `${site}/m` },
  "PUT /site/{tenant}/sites/{siteCode}/mixins/{mixinName}": { callers: "siteManagers", path: `${site}/m`, json: {} },
  "PATCH /site/{tenant}/sites/{siteCode}/mixins/{mixinName}": { callers: "siteManagers", path: `${site}/m`, json: {} },
  "DELETE /site/{tenant}/sites/{siteCode}/mixins/{mixinName}": { callers: "siteManagers", path: `${site}/m` },
};

const scopesOf: Readonly<Record<Exclude<Callers, "customers" | "anyone">, readonly string[]>> = {
  viewers: [view, "saasag.rewardpoints_view"],
  managers: [manage, "saasag.rewardpoints_manage"],
  couponReaders: ["coupon.coupon_read", "coupon.coupon_manage"],
  couponViewers: [
    "coupon.coupon_read",
    "coupon.coupon_manage",
    "coupon.coupon_redeem",
    "coupon.coupon_redeem_on_behalf",
  ],
  couponRedeemers: ["coupon.coupon_redeem", "coupon.coupon_redeem_on_behalf", "coupon.coupon_manage"],
  couponManagers: ["coupon.coupon_manage"],
  siteManagers: ["site.site_manage"],
};
const allScopes = [...new Set(Object.values(scopesOf).flat())];
/** Operations that let signed-in customers in as well, each for themselves. */
const alsoForCustomers: ReadonlySet<Callers> = new Set(["couponReaders", "couponViewers", "couponRedeemers"]);

/** A token that every operation of `callers` accepts, made wrong in one way. */
const claimsFor = (callers: Callers): Record<string, string> =>
  callers === "customers"
    ? { tenant, customer_id: "C1" }
    : { tenant, scope: allScopes.join(" "), client_id: "backoffice" };

const brokenTokens: Readonly<Record<string, (callers: Callers) => Promise<string> | string | undefined>> = {
  "no token": () => undefined,
  "text that is no token": () => "garbage",
  "a token without a signature": async (callers) => {
    const [, payload] = (await signToken({ claims: claimsFor(callers) })).split(".");
    return `${btoa(JSON.stringify({ alg: "none", typ: "at+jwt" })).replaceAll("=", "")}.${payload}.`;
  },
  "a token signed with the public key as a shared secret": async (callers) => {
    const { d: _private, ...jwk } = JSON.parse(env.AUTH_SIGNING_KEY);
    const secret = new TextEncoder().encode(await exportSPKI((await importJWK(jwk)) as CryptoKey));
    return signToken({ claims: claimsFor(callers), header: { alg: "HS256" }, key: secret });
  },
  "a token signed by somebody else": async (callers) =>
    signToken({ claims: claimsFor(callers), key: (await generateKeyPair("ES256")).privateKey }),
  "a token of another issuer": (callers) =>
    signToken({ claims: { ...claimsFor(callers), iss: "https://elsewhere.test" } }),
  "a token for another audience": (callers) => signToken({ claims: { ...claimsFor(callers), aud: "elsewhere" } }),
  "an expired token": (callers) => signToken({ claims: { ...claimsFor(callers), exp: 1_700_000_000 } }),
  "a token without an expiry": (callers) => signToken({ claims: claimsFor(callers), without: ["exp"] }),
  "a token that is not valid yet": (callers) => signToken({ claims: { ...claimsFor(callers), nbf: 9_999_999_999 } }),
  "a token of another type": (callers) => signToken({ claims: claimsFor(callers), header: { typ: "JWT" } }),
  "a token without a tenant": (callers) => {
    const { tenant: _tenant, ...claims } = claimsFor(callers);
    return signToken({ claims });
  },
};

const split = (operation: string) => operation.split(" ") as [string, string];

test("every operation with a token has its row here", async () => {
  const { body } = await call("GET", "/openapi.json");
  const { paths } = body as { paths: Record<string, Record<string, { security?: unknown[] }>> };
  const secured = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, operation]) => (operation.security ?? []).length > 0)
      .map(([method]) => `${method.toUpperCase()} ${path}`),
  );
  expect(secured.sort()).toEqual(Object.keys(operations).sort());
});

describe.each(Object.entries(operations))("%s", (operation, { callers, path, json }) => {
  const [method] = split(operation);
  const callWith = (token: string | undefined) => call(method, path, { token, json });

  test.each(Object.entries(brokenTokens))("refuses %s", async (_name, make) => {
    const answer = await callWith(await make(callers));
    expect(answer).toMatchObject({
      status: 401,
      body: { fault: { faultstring: "Invalid access token", detail: { errorcode: "oauth.v2.InvalidAccessToken" } } },
    });
    expect(answer.headers.get("WWW-Authenticate")).toBe("Bearer");
  });

  test("lets in whom it is for", async () => {
    const tokens =
      callers === "customers"
        ? [await customerToken(tenant, "C1")]
        : callers === "anyone"
          ? [await customerToken(tenant, "C1"), await guestToken(tenant), await employeeToken(tenant, view)]
          : await Promise.all(scopesOf[callers].map((scope) => employeeToken(tenant, scope)));
    if (alsoForCustomers.has(callers)) tokens.push(await customerToken(tenant, "C1"));
    for (const token of tokens) expect([401, 403]).not.toContain((await callWith(token)).status);
  });

  test("keeps out everybody else", async () => {
    if (callers === "anyone") return;
    const strangers =
      callers === "customers"
        ? [await employeeToken(tenant, allScopes.join(" ")), await guestToken(tenant)]
        : [
            ...(alsoForCustomers.has(callers)
              ? []
              : [
                  await customerToken(tenant, "C1"),
                  await signToken({ claims: { tenant, customer_id: "C1", scope: allScopes.join(" ") } }),
                ]),
            await guestToken(tenant),
            await employeeToken(tenant, allScopes.filter((scope) => !scopesOf[callers].includes(scope)).join(" ")),
          ];
    for (const token of strangers) {
      const answer = await callWith(token);
      expect(answer.status).toBe(403);
      expect(path.startsWith("/reward-points/") ? answer.body : { code: 403 }).toMatchObject({ code: 403 });
    }
  });

  test.runIf(path.includes(tenant))("keeps out other tenants", async () => {
    for (const scope of [allScopes.join(" "), `tenant=other ${allScopes.join(" ")}`]) {
      const token = await signToken({ claims: { ...(scope.startsWith("tenant=") ? {} : { tenant: "other" }), scope } });
      expect((await callWith(token)).status).toBe(403);
    }
  });
});

describe("a tenant's data", () => {
  let mine: string;
  let theirs: string;

  beforeAll(async () => {
    [mine, theirs] = await Promise.all([
      employeeToken("mine", allScopes.join(" ")),
      employeeToken("theirs", allScopes.join(" ")),
    ]);
    await call("POST", "/reward-points/customer/C1/addPoints", { token: theirs, json: { points: 77 } });
  });

  test("is not there for another tenant's employee who knows the ids", async () => {
    expect(await call("GET", "/reward-points/customer/C1", { token: theirs })).toMatchObject({ body: 77 });
    expect(await call("GET", "/reward-points/customer/C1", { token: mine })).toMatchObject({ status: 200, body: 0 });
    expect((await call("GET", "/reward-points/customer/C1/summary", { token: mine })).status).toBe(404);
    expect(await call("GET", "/reward-points/summaryBatch", { token: mine })).toMatchObject({ body: [] });
  });

  test("cannot be changed by another tenant's employee", async () => {
    await call("DELETE", "/reward-points/customer/C1", { token: mine });
    await call("POST", "/reward-points/customer/C1/redeemPoints", { token: mine, json: { points: 1 } });
    expect(await call("GET", "/reward-points/customer/C1", { token: theirs })).toMatchObject({ body: 77 });
  });

  test("of a customer is that customer's, not another one's with a similar id", async () => {
    for (const [id, balance] of [
      ["C1", 77],
      ["c1", 0],
      ["C1 ", 0],
      ["C%31", 0],
      ["C1/", 0],
      ["C1\u0301", 0],
    ] as const) {
      const answer = await call("GET", "/reward-points/public/customer", { token: await customerToken("theirs", id) });
      expect(answer).toMatchObject({ status: 200, body: balance });
    }
  });
});
