import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { noRateLimits } from "../../../src/access/integrations/binding-rate-limiter.ts";
import { createApp } from "../../../src/app.ts";
import type { Services } from "../../../src/platform/http/services.ts";
import { systemClock } from "../../../src/platform/runtime/system-clock.ts";
import worker from "../../../src/worker.ts";
import { type Answer, answerOf, call, requestOf, Shop } from "../../support/shop.ts";
import { employeeToken } from "../../support/tokens.ts";

const addPoints = "/reward-points/customer/C1/addPoints";

type IncomingRequest = Parameters<typeof worker.fetch>[0];

/** A body whose sender hangs up after `beginning`. */
const brokenOff = (beginning: string): ReadableStream<Uint8Array> => {
  let isBegun = false;
  return new ReadableStream({
    pull(controller) {
      if (isBegun) controller.error(new Error("Network connection lost."));
      else controller.enqueue(new TextEncoder().encode(beginning));
      isBegun = true;
    },
  });
};

describe("a request that no operation takes", () => {
  test("for an unknown path is 404, in the contract's shape", async () => {
    for (const path of ["/", "/reward-points", "/reward-points/customer/C1/", "/reward-points/x/y/z"]) {
      expect(await call("GET", path)).toMatchObject({ status: 404, body: { type: "resource_not_found", status: 404 } });
    }
  });

  test("with a method that the path does not have is 405, and says which it has", async () => {
    const answer = await call("PUT", "/reward-points/customer/C1");
    expect(answer).toMatchObject({ status: 405, body: { status: 405, title: "Method Not Allowed" } });
    expect(answer.headers.get("Allow")?.split(", ").sort()).toEqual(["DELETE", "GET", "POST"]);
    expect((await call("DELETE", "/health")).headers.get("Allow")).toBe("GET");
    expect((await call("POST", "/openapi.json")).status).toBe(405);
  });

  test("with a body that is not JSON is 415, 400 or 413, and changes nothing", async () => {
    const shop = await Shop.open();
    const send = (body: BodyInit, contentType?: string) =>
      call("POST", addPoints, {
        token: shop.employee,
        body,
        headers: contentType === undefined ? {} : { "Content-Type": contentType },
      });
    expect((await send('{"points":1}', "text/plain")).status).toBe(415);
    expect((await send("points=1", "application/x-www-form-urlencoded")).status).toBe(415);
    expect((await send(new Uint8Array([123, 125]))).status).toBe(415);
    expect((await send('{"points":1}', "application/json ;charset=utf-8")).status).toBe(415);
    for (const text of ["", "{", '{"points":1', "points", '{"points":01}']) {
      expect(await send(text, "application/json")).toMatchObject({ status: 400, body: { title: "Bad Request" } });
    }
    const large = JSON.stringify({ points: 1, description: "x".repeat(65 * 1024) });
    expect(await send(large, "application/json")).toMatchObject({ status: 413, body: { status: 413 } });
    const chunked = new Blob([large]).stream();
    expect((await send(chunked, "application/json")).status).toBe(413);
    expect(await shop.balance("C1")).toBe(0);
    expect((await send('{"points":1}', "application/json; charset=utf-8")).status).toBe(201);
  });

  test.each([
    ["in chunks", {}],
    ["of a known length", { "Content-Length": "100" }],
  ])(
    "with a body %s that breaks off is 400, changes nothing, and is no error of the service's",
    async (_how, length) => {
      const shop = await Shop.open();
      const errors = vi.spyOn(console, "error");
      for (const path of [addPoints, `/reward-points/${shop.tenant}/events`, "/oauth/token"]) {
        const mediaType = path.startsWith("/oauth") ? "application/x-www-form-urlencoded" : "application/json";
        const request = requestOf("POST", path, {
          token: shop.employee,
          body: brokenOff('{"points":1,'),
          headers: { "Content-Type": mediaType, ...length },
        });
        const answer = await worker.fetch(request as IncomingRequest, env, createExecutionContext());
        const { status, body } = await answerOf(answer);
        expect(status, path).toBe(400);
        expect(JSON.stringify(body)).toContain("The body broke off.");
      }
      expect(errors.mock.calls).toEqual([]);
      expect(await shop.balance("C1")).toBe(0);
    },
  );

  test("is refused for its token before its body is looked at", async () => {
    const token = await employeeToken("demo", "rewardspoints.rewardpoints_view");
    expect((await call("POST", addPoints, { token, json: { points: "x" } })).status).toBe(403);
    expect((await call("POST", addPoints, { json: { points: "x" } })).status).toBe(401);
  });
});

describe("every answer", () => {
  test("carries a request id: the client's own when it is harmless", async () => {
    const idOf = async (given?: string) =>
      (await call("GET", "/health", { headers: given === undefined ? {} : { "X-Request-Id": given } })).headers.get(
        "X-Request-Id",
      );
    expect(await idOf("checkout-42")).toBe("checkout-42");
    expect(await idOf()).toMatch(/^[0-9a-f-]{36}$/);
    for (const harmful of ["a b", "x".repeat(65), '"}{"level":"error"'])
      expect(await idOf(harmful)).toMatch(/^[0-9a-f-]{36}$/);
    for (const path of ["/nowhere", addPoints])
      expect((await call("POST", path)).headers.get("X-Request-Id")).toBeTruthy();
  });

  test("may be read by the storefront's pages, and by no others", async () => {
    const preflight = (origin: string) =>
      call("OPTIONS", addPoints, { headers: { Origin: origin, "Access-Control-Request-Method": "POST" } });
    const ours = await preflight("https://shop.test");
    expect(ours.status).toBe(204);
    expect(ours.headers.get("Access-Control-Allow-Origin")).toBe("https://shop.test");
    expect(ours.headers.get("Access-Control-Allow-Headers")).toContain("Idempotency-Key");
    expect((await preflight("https://evil.test")).headers.get("Access-Control-Allow-Origin")).toBeNull();
    const refused = await call("GET", "/reward-points/public/customer", { headers: { Origin: "https://shop.test" } });
    expect(refused.headers.get("Access-Control-Allow-Origin")).toBe("https://shop.test");
    for (const name of ["Idempotency-Replayed", "X-Entry-Id"]) {
      expect(refused.headers.get("Access-Control-Expose-Headers")).toContain(name);
    }
  });
});

test("health tells that the process answers, and on request whether D1 and KV do", async () => {
  expect(await call("GET", "/health")).toMatchObject({ status: 200, body: { status: "ok" } });
  expect(await call("GET", "/health?deep=1")).toMatchObject({
    status: 200,
    body: { status: "ok", checks: { d1: "ok", kv: "ok" } },
  });
  expect((await call("GET", "/health?deep=2")).status).toBe(400);
});

test("health calls down what does not answer within seconds, and says which", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const probes = [
      { name: "d1", check: () => new Promise<never>(() => {}) },
      { name: "kv", check: () => Promise.resolve() },
    ];
    const log = { info: () => {}, warn: () => {}, error: () => {} };
    const services = { probes, log, clock: systemClock, rateLimiter: noRateLimits } as unknown as Services;
    const answers: Answer[] = [];
    const asked = createApp(services, { corsOrigins: [] }).fetch(requestOf("GET", "/health?deep=1"));
    void Promise.resolve(asked)
      .then(answerOf)
      .then((answer) => answers.push(answer));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(answers).toMatchObject([{ status: 503, body: { status: "degraded", checks: { d1: "failed", kv: "ok" } } }]);
  } finally {
    vi.useRealTimers();
  }
});
