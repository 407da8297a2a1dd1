import { describe, expect, it } from "vitest";
import { EmporixTokens, JwtsAndOpaqueTokens } from "../../../src/access/integrations/emporix-tokens.ts";
import type { TenantId } from "../../../src/platform/values/identifiers.ts";
import { EmporixStandIn, type Fault, type Refusal } from "../../support/emporix-stand-in.ts";
import { VirtualTime } from "../../support/virtual-time.ts";

const demo = "demo" as TenantId;
const other = "other" as TenantId;
const minute = 60_000;

const unavailable = { ok: false, failure: { code: "issuer_unavailable" } };
const invalid = { ok: false, failure: { code: "invalid_token", reason: expect.any(String) } };
const customer = (id: string, tenant: TenantId = demo) => ({
  ok: true,
  value: { tenant, customerId: id, scopes: new Set(), actor: `customer:${id}` },
});
const guest = { ok: true, value: { tenant: demo, customerId: null, scopes: new Set(), actor: "guest" } };

function emporix({ usualTenant = null }: { usualTenant?: TenantId | null } = {}) {
  const time = new VirtualTime();
  const standIn = new EmporixStandIn({ time });
  const logged: unknown[] = [];
  const deferred: Promise<unknown>[] = [];
  const note = (event: string, facts: unknown) => void logged.push([event, facts]);
  const log = { info: note, warn: note, error: note };
  const defer = (work: Promise<unknown>) => void deferred.push(work);
  const tokens = new EmporixTokens(standIn.baseUrl, usualTenant, { log, defer, time, fetch: standIn.fetch });
  const questions = () => [standIn.count("customer.validate"), standIn.count("customer.me")];
  return { time, standIn, tokens, logged, deferred, questions };
}

describe("an opaque token", () => {
  it("stands for the customer whose number Emporix tells, and its scopes count for nothing", async () => {
    const { standIn, tokens } = emporix();
    expect(await tokens.verify(standIn.signIn("demo", "C1001"), demo)).toEqual(customer("C1001"));
  });

  it("stands for a guest with the number of everybody who is not signed in", async () => {
    const { standIn, tokens } = emporix();
    expect(await tokens.verify(standIn.signIn("demo"), demo)).toEqual(guest);
    standIn.next("customer.me", { status: 200, body: JSON.stringify({ id: "00000000" }) });
    expect(await tokens.verify(standIn.signIn("demo"), demo)).toEqual(guest);
  });

  it("is checked for the tenant that the request names, else for the usual one", async () => {
    const { standIn, tokens } = emporix({ usualTenant: other });
    const token = standIn.signIn("other", "C1");
    expect(await tokens.verify(token, null)).toEqual(customer("C1", other));
    expect(await tokens.verify(token, demo)).toEqual(invalid);
  });

  it("is refused without a tenant, when unknown, and when longer than any; the last without a question", async () => {
    const { standIn, tokens, questions } = emporix();
    expect(await tokens.verify(standIn.signIn("demo", "C1"), null)).toEqual(invalid);
    expect(await tokens.verify("t".repeat(3_000), demo)).toEqual(invalid);
    expect(questions()).toEqual([0, 0]);
    expect(await tokens.verify("nobodys", demo)).toEqual(invalid);
  });

  it.each([
    ["another tenant", { scope: "tenant=other", expires_in: 60 }],
    ["two tenants", { scope: "tenant=demo tenant=other", expires_in: 60 }],
    ["no tenant", { scope: "coupon.coupon_redeem", expires_in: 60 }],
    ["an end that has come", { scope: "tenant=demo", expires_in: 0 }],
  ])("is refused when Emporix calls it valid with %s", async (_, said) => {
    const { standIn, tokens } = emporix();
    standIn.next("customer.validate", { status: 200, body: JSON.stringify(said) });
    expect(await tokens.verify(standIn.signIn("demo", "C1"), demo)).toEqual(invalid);
  });

  it.each([[{ id: "C1" }], [{ customerNumber: null }], [{}], [[]], ["C1"]])(
    "is nobody's as long as Emporix does not tell whose it is: %j",
    async (said) => {
      const { standIn, tokens } = emporix();
      standIn.next("customer.me", { status: 200, body: JSON.stringify(said) });
      const token = standIn.signIn("demo", "C1");
      expect(await tokens.verify(token, demo)).toEqual(unavailable);
      expect(await tokens.verify(token, demo)).toEqual(customer("C1"));
    },
  );
});

describe("what Emporix has said of a token", () => {
  it("holds for a minute, also when Emporix is down", async () => {
    const { time, standIn, tokens, questions } = emporix();
    const token = standIn.signIn("demo", "C1");
    await tokens.verify(token, demo);
    standIn.always("customer.validate", 503);
    time.pass(minute - 1);
    expect(await tokens.verify(token, demo)).toEqual(customer("C1"));
    expect(questions()).toEqual([1, 1]);
    time.pass(1);
    expect(await tokens.verify(token, demo)).toEqual(unavailable);
  });

  it("ends with the session: a shopper who signs out is out within a minute", async () => {
    const { time, standIn, tokens } = emporix();
    const token = standIn.signIn("demo", "C1");
    await tokens.verify(token, demo);
    standIn.signOut(token);
    time.pass(minute);
    expect(await tokens.verify(token, demo)).toEqual(invalid);
  });

  it("never holds past the token's end", async () => {
    const { time, standIn, tokens } = emporix();
    const token = standIn.signIn("demo", "C1", 10);
    await tokens.verify(token, demo);
    time.pass(9_999);
    expect(await tokens.verify(token, demo)).toEqual(customer("C1"));
    time.pass(1);
    expect(await tokens.verify(token, demo)).toEqual(invalid);
  });

  it("holds for its own tenant and token only", async () => {
    const { standIn, tokens } = emporix();
    const [one, two] = [standIn.signIn("demo", "C1"), standIn.signIn("demo", "C2")];
    expect(await tokens.verify(one, demo)).toEqual(customer("C1"));
    expect(await tokens.verify(two, demo)).toEqual(customer("C2"));
    expect(await tokens.verify(one, other)).toEqual(invalid);
  });

  it("is asked for once, however many requests come with the token at once", async () => {
    const { standIn, tokens, questions, deferred } = emporix();
    const token = standIn.signIn("demo", "C1");
    const all = await Promise.all(Array.from({ length: 50 }, () => tokens.verify(token, demo)));
    expect(all).toEqual(Array.from({ length: 50 }, () => customer("C1")));
    expect(questions()).toEqual([1, 1]);
    // The question outlives the request that asked it.
    expect(deferred).toHaveLength(1);
  });
});

describe("while Emporix does not answer clearly", () => {
  const faults: readonly Fault[] = [
    429,
    500,
    503,
    400,
    { status: 404, body: "not here" },
    "drop-before-acting",
    "hang-before-acting",
    "garbage",
    "redirect",
    "stall-after-acting",
    "overlong-after-acting",
  ];
  it.each(faults.flatMap((fault) => [["customer.validate", fault] as const, ["customer.me", fault] as const]))(
    "a token is neither valid nor invalid, and is asked about again: %s, %j",
    async (operation, fault) => {
      const { standIn, tokens, logged } = emporix();
      const token = standIn.signIn("demo", "C1");
      standIn.next(operation, fault);
      expect(await tokens.verify(token, demo)).toEqual(unavailable);
      expect(JSON.stringify(logged)).not.toContain(token);
      expect(logged).toHaveLength(1);
      expect(await tokens.verify(token, demo)).toEqual(customer("C1"));
    },
  );

  it("a token that either question calls invalid is invalid", async () => {
    const gone: Refusal = { status: 404 };
    for (const [operation, fault] of [
      ["customer.validate", 401],
      ["customer.me", 401],
      ["customer.me", 403],
      ["customer.me", gone],
    ] as const) {
      const { standIn, tokens } = emporix();
      standIn.next(operation, fault);
      standIn.next(operation === "customer.me" ? "customer.validate" : "customer.me", 503);
      expect(await tokens.verify(standIn.signIn("demo", "C1"), demo)).toEqual(invalid);
    }
  });

  it("a token that one answer calls invalid waits for no other", async () => {
    const { time, standIn, tokens } = emporix();
    const begun = time.now();
    standIn.next("customer.validate", "hang-before-acting");
    expect(await tokens.verify("made-up", demo)).toEqual(invalid);
    expect(time.now()).toBe(begun);
  });

  it("only so many tokens are asked about at once, and those whose requests were lost do not count for ever", async () => {
    const time = new VirtualTime();
    let asked = 0;
    // As a request's fetch that was cancelled with it: it never ends, and no deadline ends it either.
    const lost = { now: () => time.now(), pause: time.pause, after: () => () => {} };
    const standIn = new EmporixStandIn({ time });
    const fetch = (...request: Parameters<typeof standIn.fetch>) => {
      asked += 1;
      return asked > 600 ? standIn.fetch(...request) : new Promise<Response>(() => {});
    };
    const log = { info() {}, warn() {}, error() {} };
    const tokens = new EmporixTokens(standIn.baseUrl, null, { log, defer() {}, fetch, time: lost });
    for (let token = 0; token < 256; token += 1) void tokens.verify(`made-up-${token}`, demo);
    expect(await tokens.verify("one-more", demo)).toEqual(unavailable);
    expect(asked).toBe(512);
    asked = 600;
    time.pass(10_000);
    expect(await tokens.verify(standIn.signIn("demo", "C1"), demo)).toEqual(customer("C1"));
  });

  it("nobody waits for a question that another request has lost", async () => {
    const time = new VirtualTime();
    const standIn = new EmporixStandIn({ time });
    const log = { info() {}, warn() {}, error() {} };
    let isLost = true;
    const fetch = (...request: Parameters<typeof standIn.fetch>) =>
      isLost ? new Promise<Response>(() => {}) : standIn.fetch(...request);
    const timers: (() => void)[] = [];
    // The first question's own deadlines are lost with its request; what waits for it has a deadline of its own.
    const after = (durationMs: number, act: () => void) => {
      if (timers.push(act) <= 2) return () => {};
      return time.after(durationMs, act);
    };
    const tokens = new EmporixTokens(standIn.baseUrl, null, {
      log,
      defer() {},
      fetch,
      time: { now: () => time.now(), pause: time.pause, after },
    });
    const token = standIn.signIn("demo", "C1");
    void tokens.verify(token, demo);
    const waiting = tokens.verify(token, demo);
    time.pass(3_500);
    expect(await waiting).toEqual(unavailable);
    isLost = false;
    expect(await tokens.verify(token, demo)).toEqual(customer("C1"));
  });
});

it("JWTs never leave the service, and opaque tokens go nowhere else", async () => {
  const seen: string[] = [];
  const verifier = (name: string) => ({
    async verify(token: string, tenant: TenantId | null) {
      seen.push(`${name} ${token} ${tenant}`);
      return guest as never;
    },
  });
  const tokens = new JwtsAndOpaqueTokens(verifier("jwt"), verifier("opaque"));
  await tokens.verify("e30.e30.c2ln", demo);
  await tokens.verify("WtEUGzBMfl8uJJeTBBiSsGF5F8Sk", demo);
  await tokens.verify("e30.e30.a.b.c", null);
  expect(seen).toEqual(["jwt e30.e30.c2ln demo", "opaque WtEUGzBMfl8uJJeTBBiSsGF5F8Sk demo", "jwt e30.e30.a.b.c null"]);
});
