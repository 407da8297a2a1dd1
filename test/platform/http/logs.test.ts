import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { presentations } from "../../../src/platform/http/presentation.ts";
import { errorFacts, outageReason } from "../../../src/platform/runtime/error-facts.ts";
import { jsonLogger } from "../../../src/platform/runtime/json-logger.ts";
import { sha256Hex } from "../../../src/platform/runtime/sha256.ts";
import { sendSigned, signatureOf } from "../../support/orders/signed-events.ts";
import { call, Shop } from "../../support/shop.ts";
import { employeeToken, everyScope, signToken } from "../../support/tokens.ts";
import { seed, sized } from "../../support/verification.ts";

const channels = ["log", "info", "warn", "error", "debug"] as const;

/** What has been written to the console, an entry a call. */
let written: unknown[][] = [];

beforeEach(() => {
  written = [];
  for (const channel of channels) vi.spyOn(console, channel).mockImplementation((...args) => void written.push(args));
});
afterEach(() => vi.restoreAllMocks());

/** Whatever ends a line for somebody: controls, U+2028 and U+2029; and what turns the text around. */
const breaksLines = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

const text = expect.any(String);
const number = expect.any(Number);
const outcomes = ["ok", "failed", ...Object.keys(presentations)];

/** The lines, each of which must be one JSON object with what every line has, and nothing that breaks it. */
function soundLines(): readonly Readonly<Record<string, unknown>>[] {
  return written.map((args) => {
    expect(args).toEqual([text]);
    const line = String(args[0]);
    expect(line).not.toMatch(breaksLines);
    const parsed: Record<string, unknown> = JSON.parse(line);
    expect(parsed).toMatchObject({ level: expect.stringMatching(/^(info|warn|error)$/), event: text });
    if (parsed["event"] === "request") {
      expect(parsed).toMatchObject({ requestId: text, method: text, status: number, durationMs: number });
      expect(parsed["tenant"] === null || typeof parsed["tenant"] === "string", line).toBe(true);
      expect(parsed["operation"] === null || typeof parsed["operation"] === "string", line).toBe(true);
      expect(outcomes).toContain(parsed["outcome"]);
    }
    return parsed;
  });
}

const requestLines = () => soundLines().filter(({ event }) => event === "request");

/** Letters and digits alone, so that another spelling of a mark is found, too. */
const spelled = (value: string): string => value.toLowerCase().replaceAll(/[^a-z0-9]/g, "");

function expectNoneOf(marks: readonly string[]): void {
  const all = spelled(JSON.stringify(written));
  for (const mark of marks) {
    expect(spelled(mark).length, mark).toBeGreaterThan(7);
    expect(all, mark).not.toContain(spelled(mark));
  }
}

/** The service as it starts anew with other bindings. */
async function startedWith(bindings: object) {
  vi.resetModules();
  const { default: worker } = await import("../../../src/worker.ts");
  return { worker, bindings: { ...env, ...bindings } as Cloudflare.Env };
}

/** What the database of `brokenService` says to everything. */
let complaint = "";
const complain = () => {
  throw new Error(complaint);
};
let brokenService: ReturnType<typeof startedWith> | null = null;
/** The service with a database that only complains. */
function serviceWithoutDatabase() {
  brokenService ??= startedWith({ DB: { prepare: complain, batch: complain } });
  return brokenService;
}

describe("the log", () => {
  test("has a line for every request, with what became of it, and nothing of whom it is about", async () => {
    const customerId = "marked-customer-4711";
    const orderId = "marked-order-0815";
    const secret = "marked-client-secret";
    const marks: string[] = [
      customerId,
      orderId,
      secret,
      "marked-description",
      "marked-idempotency",
      "marked-code-1",
      "marked-site-1",
    ];

    const shop = await Shop.open({ enabled: true, codePrefix: "MARK" });
    const { tenant } = shop;
    const employee = await employeeToken(tenant, `${everyScope} coupon.coupon_manage`);
    const customer = await shop.customerToken(customerId);
    const expired = await signToken({ claims: { tenant, customer_id: customerId, exp: 1 } });
    marks.push(employee, customer, expired, ...customer.split("."));
    await env.DB.prepare(
      "insert into api_clients (client_id, tenant, secret_hash, scopes, created_at, revoked_at) values (?, ?, ?, ?, ?, ?)",
    )
      .bind("logged", tenant, sha256Hex(secret), "rewardspoints.rewardpoints_view", 0, null)
      .run();
    const option = await shop.addOption(10);
    written = [];

    const expected: (readonly [string, number])[] = [];
    const expectLine = async (outcome: string, answer: ReturnType<typeof call>) => {
      const { status, body } = await answer;
      expected.push([outcome, status]);
      return body;
    };
    const keyed = { "Idempotency-Key": "marked-idempotency-key" };
    const ofCustomer = `/reward-points/customer/${customerId}`;
    const own = "/reward-points/public/customer";
    const grant = { points: 100, description: "marked-description" };
    await expectLine("ok", call("POST", `${ofCustomer}/addPoints`, { token: employee, json: grant, headers: keyed }));
    await expectLine("ok", call("POST", `${ofCustomer}/addPoints`, { token: employee, json: grant, headers: keyed }));
    await expectLine(
      "idempotency_key_reused",
      call("POST", `${ofCustomer}/addPoints`, { token: employee, json: { ...grant, points: 1 }, headers: keyed }),
    );
    await expectLine("ledger_exists", call("POST", ofCustomer, { token: employee, json: {} }));
    await expectLine(
      "insufficient_points",
      call("POST", `${ofCustomer}/redeemPoints`, { token: employee, json: { ...grant, points: 1_000 } }),
    );
    await expectLine(
      "validation_failed",
      call("POST", `${ofCustomer}/addPoints`, { token: employee, json: { points: "marked-description" } }),
    );
    await expectLine(
      "malformed_body",
      call("POST", `${ofCustomer}/addPoints`, {
        token: employee,
        body: '{"description":"marked-description"',
        headers: { "Content-Type": "application/json" },
      }),
    );
    const exchanged = await expectLine("ok", call("POST", `${own}/redeem`, { token: customer, json: { id: option } }));
    const { code } = exchanged as { code: string };
    marks.push(code);
    const coupon = `/coupon/${tenant}/coupons/${code}`;
    const amounts = { orderTotal: { amount: 50, currency: "EUR" }, discount: { amount: 5, currency: "EUR" } };
    const use = { ...amounts, customerNumber: customerId, orderCode: orderId };
    await expectLine("ok", call("GET", coupon, { token: customer }));
    await expectLine("ok", call("POST", `${coupon}/redemptions`, { token: employee, json: use }));
    await expectLine(
      "coupon_used_up",
      call("POST", `${coupon}/redemptions`, { token: employee, json: { ...use, orderCode: `${orderId}-2` } }),
    );
    await expectLine(
      "coupon_not_found",
      call("POST", `/coupon/${tenant}/coupons/MARKED-CODE-1/validation`, { token: employee, json: use }),
    );
    await expectLine(
      "rewards_disabled",
      call("POST", `${own}/redeem?siteCode=marked-site-1`, { token: customer, json: { id: option } }),
    );
    await expectLine("ok", call("GET", own, { token: customer }));
    await expectLine("ok", call("GET", `${own}/summary`, { token: customer }));
    await expectLine("ok", call("GET", `${ofCustomer}/summary`, { token: employee }));
    await expectLine("ok", call("GET", "/reward-points/summaryBatch", { token: employee }));
    await expectLine("missing_scope", call("DELETE", ofCustomer, { token: customer }));
    await expectLine("invalid_token", call("GET", own, { token: expired }));
    await expectLine("invalid_token", call("GET", own, { token: `marked-code-1.${customer}` }));
    await expectLine("invalid_token", call("GET", own, { headers: { Authorization: "marked-code-1 is no token" } }));
    await expectLine("tenant_mismatch", call("GET", "/coupon/another/coupons/MARKED-CODE-1", { token: employee }));
    await expectLine("route_not_found", call("GET", `/marked-code-1/${customerId}?code=${code}`));
    await expectLine("method_not_allowed", call("PATCH", ofCustomer, { token: employee }));

    const form = { "Content-Type": "application/x-www-form-urlencoded" };
    const credentials = { grant_type: "client_credentials", client_id: "logged" };
    const ask = (client_secret: string) =>
      call("POST", "/oauth/token", {
        headers: form,
        body: `${new URLSearchParams({ ...credentials, client_secret })}`,
      });
    const granted = await expectLine("ok", ask(secret));
    marks.push((granted as { access_token: string }).access_token);
    await expectLine("invalid_client", ask("marked-code-1"));

    const event = { type: "order.created", payload: { id: orderId, customerId } };
    const signature = await signatureOf("new-secret", "another event");
    marks.push("new-secret", signature);
    await expectLine("ok", sendSigned("signed", event, "new-secret"));
    await expectLine(
      "invalid_signature",
      call("POST", "/reward-points/signed/events", {
        json: event,
        headers: { "emporix-event-signature": signature },
      }),
    );
    await expectLine("ok", call("DELETE", ofCustomer, { token: employee }));
    await expectLine("ledger_not_found", call("GET", `${ofCustomer}/summary`, { token: employee }));

    const lines = requestLines();
    expect(lines.map(({ outcome, status }) => [outcome, status])).toEqual(expected);
    const statusOf = new Map<string, number>(Object.entries(presentations).map(([name, { status }]) => [name, status]));
    for (const { outcome, status } of lines) {
      if (outcome === "ok") expect(status).toBeLessThan(300);
      else expect(status).toBe(statusOf.get(String(outcome)));
    }
    expect(lines.filter((line) => line["tenant"] === tenant).length).toBeGreaterThan(15);
    expectNoneOf(marks);
  });

  test("tells where an unexpected error came from, and not what it quotes", async () => {
    const token = await employeeToken("logged");
    for (const message of [
      "D1_ERROR: no such table: entries: SQLITE_ERROR, params: marked-customer-4711",
      "D1_ERROR: Network connection lost while marked-customer-4711 was read",
      "marked-customer-4711\n    at marked-customer-4711 (file.ts:1:1)",
    ]) {
      complaint = message;
      const { worker, bindings } = await serviceWithoutDatabase();
      const request = new Request<unknown, IncomingRequestCfProperties>(
        "https://points.test/reward-points/customer/marked-customer-4711/summary",
        { headers: { Authorization: `Bearer ${token}`, "X-Request-Id": "asked" } },
      );
      const answer = await worker.fetch(request, bindings, createExecutionContext());
      expect([500, 503]).toContain(answer.status);
      expect(await answer.text()).not.toMatch(/D1_ERROR|Network|Failed query|params|file\.ts/);
      const failures = soundLines().filter(({ requestId, level }) => requestId === "asked" && level !== "info");
      expect(failures.length).toBeGreaterThan(0);
      for (const line of failures) expect(line).toMatchObject({ tenant: "logged", operation: text, error: text });
    }
    expectNoneOf(["marked-customer-4711"]);
  });

  test("tells of an event that cannot be processed its id, and nothing of what it is about", async () => {
    complaint = "no such table: marked-customer-4711: SQLITE_ERROR";
    const { worker, bindings } = await serviceWithoutDatabase();
    const event = { type: "order.created", payload: { id: "marked-order-0815", customerId: "marked-customer-4711" } };
    const acts: string[] = [];
    const message = (body: unknown) => ({
      body,
      attempts: 1,
      ack: () => void acts.push("ack"),
      retry: () => void acts.push("retry"),
    });
    const messages = [message({ tenant: "logged", id: "E1", receivedAt: 0, event }), message("marked-order-0815")];
    await worker.queue({ queue: "reward-points-events", messages }, bindings);
    await worker.queue({ queue: "reward-points-events-dlq", messages }, bindings);
    expect(acts).toContain("retry");
    expect(soundLines()).toContainEqual(
      expect.objectContaining({ event: "event_not_processed", id: "E1", reason: "internal", error: "Error" }),
    );
    expect(soundLines().map(({ event: name }) => name)).toEqual(
      expect.arrayContaining(["event_not_processed", "event_message_not_read", "event_not_given_up"]),
    );
    expectNoneOf(["marked-order-0815", "marked-customer-4711"]);
  });

  test("says which variable is wrong, and not what it holds", async () => {
    const wrong = { AUTH_SIGNING_KEY: '{"d":"marked-private-key"', WEBHOOK_SECRETS: '{"demo":"marked-secret"}' };
    const { worker, bindings } = await startedWith({ ...wrong, CORS_ORIGINS: "https://marked-origin.test/" });
    const request = new Request<unknown, IncomingRequestCfProperties>("https://points.test/health");
    await worker.fetch(request, bindings, createExecutionContext());
    expect(soundLines()).toMatchObject([
      { event: "not_configured", reason: expect.stringContaining("AUTH_SIGNING_KEY") },
    ]);
    expectNoneOf(["marked-private-key", "marked-secret", "marked-origin"]);
  });

  test("cannot be forged by what a client sends", async () => {
    const shop = await Shop.open(null);
    written = [];
    const line = '{"level":"error","event":"forged"}';
    const evil = `\r\n${line}\u2028${line}\u2029\u0085${line}\u0000\u001b[2J\ud800\u202e`;
    const encoded = encodeURIComponent(evil.toWellFormed());
    const raw = `%0d%0a${encodeURIComponent(line)}`;
    const latin = `${line}\u0085\u009b2J`;
    const token = shop.employee;
    const calls = [
      call("GET", `/${raw}`, { token }),
      call("GET", `/reward-points/customer/${encoded}`, { token }),
      call("GET", `/reward-points/summaryBatch?pageNumber=${encoded}&${raw}=1`, { token }),
      call("GET", `/coupon/${encoded}/coupons/${encoded}`, { token }),
      call("GET", "/health", { headers: { "X-Request-Id": latin, "User-Agent": latin, Origin: latin } }),
      call("GET", "/reward-points/public/customer", { headers: { Authorization: `Bearer ${latin}` } }),
      call("POST", "/reward-points/customer/C1/addPoints", { token, json: { points: 1, description: evil, id: evil } }),
      call("POST", "/reward-points/customer/C1/addPoints", { token, json: { points: 1, [evil]: evil } }),
      call("POST", "/reward-points/customer/C1/addPoints", {
        token,
        json: { points: 1 },
        headers: { "Idempotency-Key": latin },
      }),
      call("POST", `/reward-points/public/customer/redeem?siteCode=${encoded}`, {
        token: await shop.customerToken("C1"),
        json: { id: await shop.addOption(1) },
      }),
      call("POST", "/oauth/token", {
        headers: { "Content-Type": "application/x-www-form-urlencoded" },
        body: `grant_type=client_credentials&client_id=${raw}&client_secret=${encoded}`,
      }),
    ];
    for (const answer of calls) await answer;
    expect(requestLines().length).toBeGreaterThanOrEqual(calls.length);
    expect(soundLines().map(({ event }) => event)).not.toContain("forged");
  });
});

describe("a line", () => {
  test("stays one JSON object, and says what was to be said, whatever characters are in it", () => {
    const anyText = fc.oneof(
      fc.string({ unit: "binary" }),
      fc
        .array(fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)))
        .map((units) => units.join("")),
      fc
        .array(fc.constantFrom("\n", "\r", "\u2028", "\u2029", "\u0085", "\u007f", "\u202e", "\ud800", '"', "\\", "}"))
        .map((units) => units.join("")),
    );
    fc.assert(
      fc.property(anyText, anyText, (name, value) => {
        written = [];
        jsonLogger({ component: value }).warn("event", { [`x${name}`]: value });
        expect(soundLines()).toEqual([{ level: "warn", event: "event", component: value, [`x${name}`]: value }]);
      }),
      { seed, numRuns: sized(300, 20_000) },
    );
  });

  test("about an error has its name, its causes' names and its frames, and no message", () => {
    const secret = "marked-message";
    const cause = new RangeError(secret, { cause: new SyntaxError(secret) });
    const facts = errorFacts(new TypeError(`${secret}\n    at ${secret} (${secret}.ts:1:1)`, { cause }));
    expect(facts).toMatchObject({ error: "TypeError", causes: ["RangeError", "SyntaxError"] });
    expect(facts.stack[0]).toContain("logs.test");
    expect(JSON.stringify(facts)).not.toContain(secret);
    expect(errorFacts(secret)).toEqual({ error: "string", stack: [], causes: [] });
    const overwritten = new Error("first");
    expect(overwritten.stack).toContain("first");
    overwritten.message = "second";
    expect(errorFacts(overwritten).stack).toEqual([]);
  });

  test("about an outage says why in known words only", () => {
    expect(outageReason(new Error("No answer within 3000 ms."))).toBe("No answer within 3000 ms");
    expect(outageReason(new Error("D1 DB is overloaded: marked-message"))).toBe("overloaded");
    expect(outageReason(new Error("marked-message"))).toBe("other");
  });
});
