import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { retryAfterSeconds } from "../../../src/platform/requests/failure.ts";
import worker from "../../../src/worker.ts";
import { type Answer, answerOf, type Call, requestOf, tenPercentOff } from "../../support/shop.ts";
import { customerToken, employeeToken } from "../../support/tokens.ts";

// A ledger that has too much to do is spared by the isolate that knows it: what is refused is refused before its body is read.

/** What has reached the ledgers' objects: the object's name and the method. */
let reached: string[] = [];
/** Names of the objects that say that they have too much to do. */
const busy = new Set<string>();

const ledgerObjects = {
  getByName(name: string) {
    const stub = env.CUSTOMER_LEDGER.getByName(name);
    return new Proxy(stub, {
      get(target, method) {
        return (...values: readonly unknown[]) => {
          reached.push(`${name} ${String(method)}`);
          if (busy.has(name) && method === "execute") {
            return Promise.resolve({ result: { ok: false, failure: { code: "overloaded" } }, replayed: false });
          }
          // A stub's methods are its own, and made when they are asked for.
          return (target as unknown as Record<string | symbol, (...given: readonly unknown[]) => unknown>)[method]?.(
            ...values,
          );
        };
      },
    });
  },
};
const bindings = { ...env, CUSTOMER_LEDGER: ledgerObjects } as unknown as Cloudflare.Env;

const ask = async (method: string, path: string, more: Call = {}): Promise<Answer> => {
  const request = requestOf(method, path, more) as Request<unknown, IncomingRequestCfProperties>;
  return answerOf(await worker.fetch(request, bindings, createExecutionContext()));
};

let shops = 0;
let tenant = "";
let employee = "";
let customer = "";

beforeEach(async () => {
  shops += 1;
  tenant = `busy-${shops}`;
  employee = await employeeToken(tenant);
  customer = await customerToken(tenant, "C1");
  const settings = {
    couponSettings: { rewardpoints: { enabled: true, codePrefix: "RP", orderValueToRewardPointsFactor: 1 } },
  };
  await ask("POST", `/site/${tenant}/sites/main/mixins`, { token: employee, json: settings });
  const option = { id: "voucher", type: "coupon", name: "Voucher", points: 10, coupon: tenPercentOff };
  await ask("POST", `/reward-points/${tenant}/redeemOptions`, { token: employee, json: option });
  await add("C1", 100);
});

afterEach(() => {
  busy.clear();
  vi.useRealTimers();
});

const add = (customerId: string, points: number, more: Call = {}) =>
  ask("POST", `/reward-points/customer/${customerId}/addPoints`, { token: employee, json: { points }, ...more });
const balance = async (customerId = "C1") =>
  (await ask("GET", `/reward-points/customer/${customerId}`, { token: employee })).body;
const exchange = (key: string) =>
  ask("POST", "/reward-points/public/customer/redeem", {
    token: customer,
    headers: { "Idempotency-Key": key },
    json: { id: "voucher" },
  });

/** Has C1's ledger say that it has too much to do, once, at a moment from which on time stands still. */
async function overload(): Promise<void> {
  vi.useFakeTimers({ toFake: ["Date"] });
  busy.add(`${tenant}/C1`);
  expect((await add("C1", 1)).status).toBe(503);
  busy.clear();
  reached = [];
}

const wait = (ms: number) => vi.setSystemTime(Date.now() + ms);

describe("a command for a ledger that has just had too much to do", () => {
  const entry = "/reward-points/customer/C1";
  test.each<[string, string, "employee" | "customer"]>([
    ["POST", entry, "employee"],
    ["POST", `${entry}/addPoints`, "employee"],
    ["POST", `${entry}/redeemPoints`, "employee"],
    ["DELETE", entry, "employee"],
    ["POST", "/reward-points/public/customer/redeem", "customer"],
    ["DELETE", "/reward-points/public/customer/coupons/RP-1", "customer"],
  ])("is refused before it is read: %s %s", async (method, path, who) => {
    await overload();
    const more = method === "POST" ? { body: "no JSON", headers: { "Content-Type": "application/json" } } : {};
    const answer = await ask(method, path, { token: who === "employee" ? employee : customer, ...more });
    expect(answer.status).toBe(503);
    expect(answer.headers.get("Retry-After")).toBe(String(retryAfterSeconds));
    expect(answer.body).toMatchObject({ error: expect.stringContaining("Too many requests are waiting.") });
    expect(reached).toEqual([]);
    expect(await balance()).toBe(100);
  });

  test("is taken as soon as Retry-After is over, and not a millisecond before", async () => {
    await overload();
    wait(retryAfterSeconds * 1_000 - 1);
    expect((await add("C1", 1)).status).toBe(503);
    expect(reached).toEqual([]);
    wait(1);
    expect((await add("C1", 1)).status).toBe(201);
    expect(await balance()).toBe(101);
  });

  test("stores nothing under its key, and is done once when it comes again", async () => {
    const keyed = { headers: { "Idempotency-Key": "k", "Content-Type": "application/json" } };
    await overload();
    expect((await add("C1", 5, keyed)).status).toBe(503);
    const records = await env.DB.prepare("select count(*) as count from idempotency_records where tenant = ?")
      .bind(tenant)
      .first<{ count: number }>();
    expect([records?.count, reached]).toEqual([0, []]);
    wait(retryAfterSeconds * 1_000);
    const later = await add("C1", 5, keyed);
    expect([later.status, later.headers.get("Idempotency-Replayed")]).toEqual([201, null]);
    expect((await add("C1", 5, keyed)).headers.get("Idempotency-Replayed")).toBe("true");
    expect(await balance()).toBe(105);
  });

  test("finds out later what an earlier attempt has done", async () => {
    const keyed = { headers: { "Idempotency-Key": "k", "Content-Type": "application/json" } };
    expect((await add("C1", 5, keyed)).status).toBe(201);
    await overload();
    expect((await add("C1", 5, keyed)).status).toBe(503);
    wait(retryAfterSeconds * 1_000);
    const later = await add("C1", 5, keyed);
    expect([later.status, later.headers.get("Idempotency-Replayed")]).toEqual([201, "true"]);
    expect(await balance()).toBe(105);
  });

  test("is answered when it repeats an exchange whose coupon is known here", async () => {
    const first = await exchange("k");
    await overload();
    const again = await exchange("k");
    expect([again.status, again.body]).toEqual([200, first.body]);
    expect((await exchange("another")).status).toBe(503);
    expect(reached).toEqual([]);
  });

  test("is told first that it may not be given", async () => {
    await overload();
    expect((await add("C1", 1, { token: customer })).status).toBe(403);
    expect((await add("C1", 1, { token: "x.y.z" })).status).toBe(401);
  });

  test("leaves balances, other customers and other tenants' customers of the same id alone", async () => {
    await overload();
    expect(await balance()).toBe(100);
    expect((await ask("GET", "/reward-points/public/customer", { token: customer })).body).toBe(100);
    expect((await add("C2", 1)).status).toBe(201);
    const theirs = { token: await employeeToken(`${tenant}x`) };
    expect((await add("C1", 1, theirs)).status).toBe(201);
  });
});
