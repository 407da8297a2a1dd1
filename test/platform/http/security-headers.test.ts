import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { readConfiguration } from "../../../src/env.ts";
import { call, Shop } from "../../support/shop.ts";

/** The service as it starts anew with other variables. */
async function startedWith(variables: Readonly<Record<string, unknown>>) {
  vi.resetModules();
  const { default: worker } = await import("../../../src/worker.ts");
  return (method: string, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> => {
    const request = new Request<unknown, IncomingRequestCfProperties>(`https://points.test${path}`, {
      method,
      headers,
    });
    return Promise.resolve(worker.fetch(request, { ...env, ...variables } as Cloudflare.Env, createExecutionContext()));
  };
}

const securityHeaders = {
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "Strict-Transport-Security": "max-age=31536000",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
};

const protectionOf = (headers: Headers) =>
  Object.fromEntries(Object.keys(securityHeaders).map((name) => [name, headers.get(name)]));

describe("every answer keeps browsers and caches from misusing it", () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await Shop.open();
  });

  test.each<[string, number, string, string | (() => string), object?]>([
    ["data", 200, "GET", "/reward-points/summaryBatch"],
    ["a document", 200, "GET", "/openapi.json"],
    ["an unknown path", 404, "GET", "/nowhere"],
    ["a malformed path", 400, "GET", "/reward-points/%ff"],
    ["a wrong method", 405, "PUT", "/health"],
    ["a wrong body", 400, "POST", "/reward-points/customer/C1/addPoints", { points: "x" }],
    ["something that is not there", 404, "GET", () => `/coupon/${shop.tenant}/coupons/NONE`],
  ])("%s: %d", async (_name, status, method, path, json) => {
    const target = typeof path === "string" ? path : path();
    const answer = await call(method, target, { token: shop.employee, ...(json === undefined ? {} : { json }) });
    expect(answer.status).toBe(status);
    expect(protectionOf(answer.headers)).toEqual(securityHeaders);
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
  });

  test("also without a token, and a preflight", async () => {
    for (const answer of [
      await call("GET", "/reward-points/public/customer"),
      await call("OPTIONS", "/reward-points/public/customer"),
      await call("POST", "/oauth/token"),
    ]) {
      expect(protectionOf(answer.headers)).toEqual(securityHeaders);
      expect(answer.headers.get("Cache-Control")).toBe("no-store");
    }
  });

  test("also while the configuration is wrong, which is all that the answer tells", async () => {
    const ask = await startedWith({ AUTH_ISSUER: "", CORS_ORIGINS: "https://shop.test/with/a/path" });
    for (const path of ["/health", "/reward-points/customer/C1"]) {
      const answer = await ask("GET", path, { Origin: "https://shop.test" });
      expect(answer.status).toBe(500);
      expect(await answer.json()).toEqual({ status: 500, error: "The service is not configured.", code: "internal" });
      expect(protectionOf(answer.headers)).toEqual(securityHeaders);
      expect(answer.headers.get("Cache-Control")).toBe("no-store");
    }
  });

  test("also when the service fails without knowing why", async () => {
    const broken = new Proxy(env.DB, {
      get: () => () => {
        throw new Error("no such table: entries");
      },
    });
    const ask = await startedWith({ DB: broken });
    const answer = await ask("GET", "/reward-points/summaryBatch", { Authorization: `Bearer ${shop.employee}` });
    expect(answer.status).toBe(500);
    expect(protectionOf(answer.headers)).toEqual(securityHeaders);
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
  });

  test("but the keys may be kept by those who check tokens with them", async () => {
    const answer = await call("GET", "/.well-known/jwks.json");
    expect(answer.headers.get("Cache-Control")).toBe("public, max-age=300");
    expect(protectionOf(answer.headers)).toEqual(securityHeaders);
  });
});

describe("pages of other origins", () => {
  const path = "/reward-points/public/customer";
  const preflight = { "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization" };
  const corsHeadersOf = (headers: Headers) => [...headers.keys()].filter((name) => name.startsWith("access-control-"));
  const varyOf = (headers: Headers) => headers.get("Vary")?.split(/, */) ?? [];

  test.each([
    "https://evil.test",
    "https://shop.test.evil.test",
    "https://evil-shop.test",
    "https://sub.shop.test",
    "http://shop.test",
    "https://shop.test:8443",
    "https://shop.test/",
    "HTTPS://SHOP.TEST",
    "https://shop.test,https://app.shop.test",
    "null",
    "*",
    "",
  ])("that are not named get no CORS header: '%s'", async (origin) => {
    for (const answer of [
      await call("OPTIONS", path, { headers: { Origin: origin, ...preflight } }),
      await call("GET", path, { headers: { Origin: origin } }),
      await call("GET", "/health", { headers: { Origin: origin } }),
      await call("GET", "/nowhere", { headers: { Origin: origin } }),
    ]) {
      expect(corsHeadersOf(answer.headers)).toEqual([]);
      expect(varyOf(answer.headers)).toContain("Origin");
    }
  });

  test.each(["https://shop.test", "https://app.shop.test"])("that are named get their own: %s", async (origin) => {
    const allowed = await call("OPTIONS", path, { headers: { Origin: origin, ...preflight } });
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get("Access-Control-Allow-Methods")).toBe("GET,POST,PUT,PATCH,DELETE");
    expect(allowed.headers.get("Access-Control-Allow-Headers")).toContain("Authorization");
    for (const answer of [
      allowed,
      await call("GET", path, { headers: { Origin: origin } }),
      await call("GET", "/health", { headers: { Origin: origin } }),
      await call("GET", "/nowhere", { headers: { Origin: origin } }),
    ]) {
      expect(answer.headers.get("Access-Control-Allow-Origin")).toBe(origin);
      expect(varyOf(answer.headers)).toContain("Origin");
      expect(answer.headers.has("Access-Control-Allow-Credentials")).toBe(false);
    }
  });

  test("get nothing as long as nobody is named", async () => {
    const ask = await startedWith({ CORS_ORIGINS: "" });
    for (const answer of [
      await ask("OPTIONS", path, { Origin: "https://shop.test", ...preflight }),
      await ask("GET", "/health", { Origin: "https://shop.test" }),
    ]) {
      expect(corsHeadersOf(answer.headers)).toEqual([]);
      expect(varyOf(answer.headers)).toContain("Origin");
    }
  });

  test("are all let in by a star, without credentials", async () => {
    const ask = await startedWith({ CORS_ORIGINS: "*" });
    for (const answer of [
      await ask("OPTIONS", path, { Origin: "https://anywhere.test", ...preflight }),
      await ask("GET", "/health", { Origin: "https://anywhere.test" }),
    ]) {
      expect(answer.headers.get("Access-Control-Allow-Origin")).toBe("*");
      expect(answer.headers.has("Access-Control-Allow-Credentials")).toBe(false);
    }
  });

  test.each(["https://shop.test/", "shop.test", "https://shop.test https://app.shop.test", "https://*", "null"])(
    "cannot be named in a way that no browser does: the configuration is wrong then: '%s'",
    (origin) => {
      expect(() => readConfiguration({ ...env, CORS_ORIGINS: `https://app.shop.test, ${origin}` })).toThrow(
        "CORS_ORIGINS",
      );
    },
  );
});
