import { describe, expect, it } from "vitest";
import { principalOfClaims } from "../../../src/access/integrations/principal-of-claims.ts";
import type { Principal } from "../../../src/platform/values/principal.ts";

function principalOf(claims: Readonly<Record<string, unknown>>, customerClaim = "customer_id"): Principal {
  const result = principalOfClaims(claims, customerClaim);
  if (!result.ok) throw new Error(result.failure.reason);
  return result.value;
}

function refusalOf(claims: Readonly<Record<string, unknown>>): string {
  const result = principalOfClaims(claims, "customer_id");
  if (result.ok) throw new Error("The claims were accepted.");
  expect(result.failure.code).toBe("invalid_token");
  return result.failure.reason;
}

describe("the tenant", () => {
  it("comes from the claim tenant", () => {
    expect(principalOf({ tenant: "demo" }).tenant).toBe("demo");
  });

  it("comes from a tenant entry of the scope, in a string or a list", () => {
    expect(principalOf({ scope: "tenant=demo coupon.coupon_read" }).tenant).toBe("demo");
    expect(principalOf({ scope: ["coupon.coupon_read", "tenant=demo"] }).tenant).toBe("demo");
  });

  it("may be said twice, when both say the same", () => {
    expect(principalOf({ tenant: "demo", scope: "tenant=demo tenant=demo" }).tenant).toBe("demo");
  });

  it.each([
    { tenant: "demo", scope: "tenant=other" },
    { scope: "tenant=demo tenant=other" },
    { scope: ["tenant=demo", "tenant=other"] },
  ])("is refused when the token names two: %j", (claims) => {
    expect(refusalOf(claims)).toBe("more than one tenant");
  });

  it.each([{}, { tenant: null }, { scope: "coupon.coupon_read" }])("is refused when absent: %j", (claims) => {
    expect(refusalOf(claims)).toBe("no tenant");
  });

  it.each([
    { tenant: "" },
    { tenant: "ab" },
    { tenant: "Demo" },
    { tenant: "demo " },
    { tenant: "public" },
    { tenant: 123 },
    { tenant: ["demo"] },
    { scope: "tenant=" },
    { scope: "tenant=Demo" },
  ])("is refused when it is no tenant's name: %j", (claims) => {
    expect(refusalOf(claims)).toBe("not a tenant's name");
  });
});

describe("an employee or a client", () => {
  it("has the token's scopes, without the tenant entry", () => {
    const expected = new Set(["coupon.coupon_read", "site.site_manage"]);
    expect(principalOf({ scope: " tenant=demo  coupon.coupon_read site.site_manage " }).scopes).toEqual(expected);
    expect(principalOf({ tenant: "demo", scope: ["coupon.coupon_read", "site.site_manage"] }).scopes).toEqual(expected);
  });

  it.each([7, true, { a: 1 }, ["coupon.coupon_read", 7], [["coupon.coupon_read"]]])(
    "is refused when the scope has another form: %j",
    (scope) => {
      expect(refusalOf({ tenant: "demo", scope })).toBe("scope is neither text nor a list of texts");
    },
  );

  const actorOf = (claims: Readonly<Record<string, unknown>>): string =>
    principalOf({ tenant: "demo", scope: "a", ...claims }).actor;

  it("is the client alone when the token is the client's own", () => {
    expect(actorOf({ client_id: "back office", sub: "back office" })).toBe("client:back office");
    expect(actorOf({ client_id: "back office" })).toBe("client:back office");
    expect(actorOf({ azp: "back office", sub: "back office" })).toBe("client:back office");
    expect(actorOf({ sub: "u1" })).toBe("client:u1");
  });

  it("is the client and the employee when the subject is somebody else", () => {
    expect(actorOf({ client_id: "backoffice", sub: "42" })).toBe("client:backoffice/user:42");
    expect(actorOf({ client_id: "backoffice", azp: "portal", sub: "42" })).toBe("client:backoffice/user:42");
    expect(actorOf({ client_id: "", azp: "portal", sub: "auth0|ä" })).toBe("client:portal/user:auth0|ä");
    const longest = { client_id: "c".repeat(255), sub: "😀".repeat(255) };
    expect(actorOf(longest)).toBe(`client:${longest.client_id}/user:${longest.sub}`);
  });

  it("is somebody else for every other client and subject, whatever the names hold", () => {
    const names = ["a", "a/user:b", "a%2Fuser:b", "b", "user:b", "%unknown", "unknown", "7", "x".repeat(256), "a\nb"];
    const odd = [7, 1.5, true, ["a"], { a: 1 }, "\ud800", "\ud801", "x".repeat(257), "a\u2028b"];
    const callers = [...names, ...odd, undefined].flatMap((client_id) =>
      [...names, ...odd, undefined].map((sub) => ({ client_id, sub })),
    );
    const byActor = Map.groupBy(callers, actorOf);
    for (const [actor, same] of byActor) {
      // One subject without a client, and the client of that name by itself, are one.
      const asked = new Set(same.map(({ client_id, sub }) => JSON.stringify([client_id ?? sub, sub ?? client_id])));
      expect(asked.size, actor).toBe(1);
      expect(actor).toMatch(/^client:[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]+$/u);
      expect(actor.length).toBeLessThan(600);
    }
  });

  it.each([{}, { sub: "" }, { sub: null, client_id: null }, { azp: "" }])(
    "is nameless when the token names nobody: %j",
    (claims) => {
      expect(actorOf(claims)).toBe("client:%unknown");
    },
  );
});

describe("a customer", () => {
  it("is known by the configured claim", () => {
    const principal = principalOf({ tenant: "demo", "https://shop/customer": "C 1/ü" }, "https://shop/customer");
    expect(principal).toEqual({ tenant: "demo", customerId: "C 1/ü", scopes: new Set(), actor: "customer:C 1/ü" });
  });

  it("may have a number for an id", () => {
    expect(principalOf({ tenant: "demo", customer_id: 42 }).customerId).toBe("42");
  });

  it("has no scopes, whatever the token says", () => {
    const claims = { scope: "tenant=demo rewardspoints.rewardpoints_manage", customer_id: "C1", client_id: "shop" };
    expect(principalOf(claims)).toMatchObject({ customerId: "C1", scopes: new Set(), actor: "customer:C1" });
  });

  it.each(["", "x".repeat(129), "a\nb", 1.5, 2 ** 53, true, ["C1"], { id: "C1" }])(
    "is refused when the id cannot be a customer's, and never taken for a guest: %j",
    (customer_id) => {
      expect(refusalOf({ tenant: "demo", scope: "a", customer_id })).toBe("not a customer id");
    },
  );

  it("is not found in what every object inherits", () => {
    expect(principalOf({ tenant: "demo" }, "constructor").customerId).toBeNull();
    expect(principalOf({ tenant: "demo" }, "__proto__").customerId).toBeNull();
  });
});

describe("a guest", () => {
  it.each([{ tenant: "demo" }, { scope: "tenant=demo" }, { tenant: "demo", scope: "", customer_id: null, sub: "x" }])(
    "is whoever has neither a customer id nor scopes: %j",
    (claims) => {
      expect(principalOf(claims)).toEqual({ tenant: "demo", customerId: null, scopes: new Set(), actor: "guest" });
    },
  );
});
