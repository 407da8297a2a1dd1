import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { couponCallLimits, EmporixCouponService } from "../../../src/coupons/integrations/emporix-coupon-service.ts";
import { readConfiguration } from "../../../src/env.ts";
import type { Coupon, CouponCode } from "../../../src/ledger/rules/exchange/coupon.ts";
import type { Logger } from "../../../src/platform/runtime/ports.ts";
import { StoreUnavailable } from "../../../src/platform/runtime/store-errors.ts";
import { systemClock } from "../../../src/platform/runtime/system-clock.ts";
import { emporixAccess } from "../../../src/platform/upstream/emporix-access.ts";
import type {
  CustomerId,
  EntryId,
  RedeemOptionId,
  SiteCode,
  TenantId,
} from "../../../src/platform/values/identifiers.ts";
import { EmporixSiteSettings, settingsCallLimits } from "../../../src/sites/integrations/emporix-site-settings.ts";
import { switchedOff } from "../../../src/sites/rules/site-settings.ts";
import { KvSettingsCache } from "../../../src/sites/storage/kv-settings-cache.ts";
import type { SettingsCache } from "../../../src/sites/use-cases/ports.ts";
import { EmporixStandIn, type Fault } from "../../support/emporix-stand-in.ts";
import { at } from "../../support/ledger/ledgers.ts";
import { VirtualTime } from "../../support/virtual-time.ts";

const demo = "demo" as TenantId;
const code = "RP-0G7R3MWX9C2K" as CouponCode;
const customer = "C-4289081720" as CustomerId;

const coupon: Coupon = {
  tenant: demo,
  code,
  definition: {
    name: "10 € off",
    discountType: "ABSOLUTE",
    discountAbsolute: { amount: 10, currency: "eur" },
    allowAnonymous: false,
    maxRedemptions: 1,
    maxRedemptionsPerCustomer: 1,
    restrictions: {
      validFor: [customer],
      validFrom: at("2026-01-01T00:00:00Z"),
      validUntil: at("2027-01-01T00:00:00Z"),
      minOrderValue: { amount: 49.99, currency: "EUR" },
    },
  },
  issuedTo: customer,
  issuedAt: at("2026-06-01T12:00:00Z"),
  exchangeId: "redemption" as EntryId,
  redeemOptionId: "option" as RedeemOptionId,
  redemptionCount: 0,
};

/** Log lines with all their facts, to be searched for what must not stand in them. */
function recordingLog(): { readonly log: Logger; readonly lines: [string, unknown][] } {
  const lines: [string, unknown][] = [];
  const write = (event: string, facts?: unknown): void => void lines.push([event, facts]);
  return { log: { info: write, warn: write, error: write }, lines };
}

/** A coupon service against a stand-in of its own, in virtual time. */
function couponService(random = 0.5) {
  const time = new VirtualTime();
  const standIn = new EmporixStandIn({ time });
  const { log, lines } = recordingLog();
  const coupons = new EmporixCouponService(standIn.access, { log, fetch: standIn.fetch, time, random: () => random });
  /** How long `call` takes, in milliseconds of virtual time. */
  const timed = async (call: () => Promise<unknown>): Promise<number> => {
    const start = time.now();
    await call();
    return time.now() - start;
  };
  return { time, standIn, coupons, lines, timed };
}

const isThere = (standIn: EmporixStandIn): boolean => standIn.liveCoupons("demo").length === 1;

describe("creating a coupon at Emporix", () => {
  it("creates it under its code, in the contract's words", async () => {
    const { standIn, coupons, lines } = couponService();
    expect(await coupons.create(coupon)).toEqual({ kind: "created" });
    expect(JSON.parse(standIn.requests.at(-1)?.body ?? "")).toEqual({
      code,
      name: "10 € off",
      discountType: "ABSOLUTE",
      discountAbsolute: { amount: 10, currency: "EUR" },
      allowAnonymous: false,
      maxRedemptions: 1,
      maxRedemptionsPerCustomer: 1,
      restrictions: {
        validFor: [customer],
        validFrom: "2026-01-01T00:00:00.000Z",
        validUntil: "2027-01-01T00:00:00.000Z",
        minOrderValue: { amount: 49.99, currency: "EUR" },
      },
      issuedTo: customer,
    });
    expect(lines).toEqual([]);
  });

  it("leaves out what the contract forbids for coupons that anybody may use", async () => {
    const { standIn, coupons } = couponService();
    const definition = {
      name: "10 % off",
      description: "For all",
      discountType: "PERCENT",
      discountPercentage: 10,
      allowAnonymous: true,
      maxRedemptions: -1,
      maxRedemptionsPerCustomer: -1,
      restrictions: { validFor: [] },
    } as const;
    expect(await coupons.create({ ...coupon, definition })).toEqual({ kind: "created" });
    const { maxRedemptionsPerCustomer: _limit, ...sent } = definition;
    expect(JSON.parse(standIn.requests.at(-1)?.body ?? "")).toEqual({
      code,
      ...sent,
      restrictions: {},
      issuedTo: customer,
    });
  });

  it("sends codes in upper case, and knows them again in whatever case they come back", async () => {
    const { standIn, coupons } = couponService();
    const lowerCased = "rp-0g7r3mwx9c2k" as CouponCode;
    expect(await coupons.create({ ...coupon, code: lowerCased })).toEqual({ kind: "created" });
    expect(standIn.coupons.has(`demo/${code}`)).toBe(true);
    expect(await coupons.find(demo, lowerCased)).toMatchObject({ kind: "found" });
    expect(await coupons.remove(demo, lowerCased)).toEqual({ kind: "removed" });
  });

  it("finds what an earlier creation has left there, and creates no second one", async () => {
    const { standIn, coupons } = couponService();
    await coupons.create(coupon);
    expect(await coupons.create(coupon)).toEqual({ kind: "created" });
    expect(standIn.count("coupon.find")).toBe(1);
    expect(standIn.coupons.size).toBe(1);
  });

  it("says when the code is somebody else's", async () => {
    const { standIn, coupons } = couponService();
    standIn.putCoupon("demo", { code, issuedTo: "C-other" });
    expect(await coupons.create(coupon)).toEqual({ kind: "taken" });
  });

  it("says that the code is taken by a coupon that was deleted", async () => {
    const { coupons } = couponService();
    await coupons.create(coupon);
    await coupons.remove(demo, code);
    expect(await coupons.create(coupon)).toEqual({ kind: "taken" });
  });

  it("does not take a coupon whose owner is not shown for somebody else's", async () => {
    const { standIn, coupons, lines } = couponService();
    await coupons.create(coupon);
    standIn.showsSellersFields = false;
    expect(await coupons.create(coupon)).toEqual({ kind: "unknown" });
    expect(lines).toMatchObject([["upstream_answer_inconclusive", { reason: "owner not shown" }]]);
  });

  it("does not conclude from a conflict over a code that is not there", async () => {
    const { standIn, coupons } = couponService();
    standIn.next("coupon.create", 409);
    expect(await coupons.create(coupon)).toEqual({ kind: "unknown" });
  });

  it.each([400, 402, 404, 405, 410, 413, 415, 422])(
    "is refused for good with %i, at the first attempt",
    async (status) => {
      const { standIn, coupons } = couponService();
      standIn.always("coupon.create", status);
      expect(await coupons.create(coupon)).toMatchObject({ kind: "refused" });
      expect(standIn.count("coupon.create")).toBe(1);
    },
  );

  it("gives the contract's type as the reason, and never a message", async () => {
    const { standIn, coupons } = couponService();
    const body = JSON.stringify({ status: 400, type: "validation_violation", message: `${code} ${customer}` });
    standIn.next("coupon.create", { status: 400, body }, { status: 400, body: `<p>${code}</p>` });
    expect(await coupons.create(coupon)).toEqual({ kind: "refused", reason: "400 validation_violation" });
    expect(await coupons.create(coupon)).toEqual({ kind: "refused", reason: "400" });
  });

  it.each([401, 403])("is refused when %i comes again with a fresh token", async (status) => {
    const { standIn, coupons } = couponService();
    standIn.always("coupon.create", status);
    expect(await coupons.create(coupon)).toMatchObject({ kind: "refused" });
    expect(standIn.count("coupon.create")).toBe(2);
    expect(standIn.count("token")).toBe(2);
    const [first, second] = standIn.requests.filter(({ operation }) => operation === "coupon.create");
    expect(first?.authorization).not.toBe(second?.authorization);
  });

  it.each([408, 425, 429, 500, 502, 503, 504, 599])("is tried again after %i", async (status) => {
    const { standIn, coupons } = couponService();
    standIn.next("coupon.create", status, status);
    expect(await coupons.create(coupon)).toEqual({ kind: "created" });
    expect(standIn.count("coupon.create")).toBe(3);
  });

  it.each<Fault>([408, 425, 429, 500, 502, 503, 504, "drop-before-acting", "hang-before-acting", "act-late"])(
    "is unknown after three attempts that end with %s",
    async (fault) => {
      const { standIn, coupons, lines } = couponService();
      standIn.always("coupon.create", fault);
      expect(await coupons.create(coupon)).toEqual({ kind: "unknown" });
      expect(standIn.count("coupon.create")).toBeLessThanOrEqual(couponCallLimits.attemptsMax);
      expect(lines).toMatchObject([["upstream_call_failed", { operation: "coupon.create", tenant: "demo" }]]);
    },
  );

  it.each<Fault>([
    "drop-after-acting",
    "hang-after-acting",
    "garbage-after-acting",
    "stall-after-acting",
    "overlong-after-acting",
  ])("has happened once, and is known to, after %s", async (fault) => {
    const { standIn, coupons } = couponService();
    standIn.next("coupon.create", fault);
    expect(await coupons.create(coupon)).toEqual({ kind: "created" });
    expect(isThere(standIn)).toBe(true);
  });

  it("happens once however often it is asked for", async () => {
    const { standIn, coupons } = couponService();
    standIn.always("coupon.create", "drop-after-acting");
    expect(await coupons.create(coupon)).toEqual({ kind: "unknown" });
    standIn.always("coupon.create", null);
    expect(await coupons.create(coupon)).toEqual({ kind: "created" });
    expect(standIn.coupons.size).toBe(1);
  });

  it("is known in the end when a request acts late", async () => {
    const { standIn, coupons } = couponService();
    standIn.always("coupon.create", "act-late");
    expect(await coupons.create(coupon)).toEqual({ kind: "unknown" });
    expect(await coupons.find(demo, code)).toEqual({ kind: "absent" });
    standIn.actLate();
    standIn.always("coupon.create", null);
    expect(await coupons.create(coupon)).toEqual({ kind: "created" });
    expect(standIn.coupons.size).toBe(1);
  });

  it.each<Fault>(["garbage", "redirect"])("is unknown after %s, which nothing follows from", async (fault) => {
    const { standIn, coupons } = couponService();
    standIn.next("coupon.create", fault);
    expect(await coupons.create(coupon)).toEqual({ kind: "unknown" });
    expect(standIn.count("coupon.create")).toBe(1);
    expect(standIn.requests.every(({ path }) => path.startsWith("/coupon/") || path === "/oauth/token")).toBe(true);
  });

  it("is unknown when it was created under another code", async () => {
    const { standIn, coupons } = couponService();
    standIn.next("coupon.create", { status: 201, body: JSON.stringify({ id: "ANOTHER" }) });
    expect(await coupons.create(coupon)).toEqual({ kind: "unknown" });
  });

  it.each<Fault>([408, 500, 503, "drop-before-acting", "hang-before-acting"])(
    "is not refused by an answer that comes after %s: that attempt may have acted",
    async (fault) => {
      const { standIn, coupons } = couponService();
      standIn.next("coupon.create", fault, 400);
      expect(await coupons.create(coupon)).toEqual({ kind: "unknown" });
    },
  );

  it("is known by what is there, when a refusal comes after an attempt that has acted", async () => {
    const { standIn, coupons } = couponService();
    standIn.next("coupon.create", "drop-after-acting", 400);
    expect(await coupons.create(coupon)).toEqual({ kind: "created" });
  });

  it("is refused by an answer that comes after attempts which did nothing", async () => {
    const { standIn, coupons } = couponService();
    standIn.next("coupon.create", 429, 425, 400);
    expect(await coupons.create(coupon)).toMatchObject({ kind: "refused" });
  });

  it("is unknown when what is there cannot be seen", async () => {
    const { standIn, coupons } = couponService();
    await coupons.create(coupon);
    standIn.always("coupon.find", 500);
    expect(await coupons.create(coupon)).toEqual({ kind: "unknown" });
  });
});

describe("finding a coupon at Emporix", () => {
  it("tells whose it is, its status and how often it was used", async () => {
    const { standIn, coupons } = couponService();
    await coupons.create(coupon);
    const found = { kind: "found", issuedTo: customer, status: "VALID", redemptionCount: 0 };
    expect(await coupons.find(demo, code)).toEqual(found);
    standIn.useCoupon("demo", code);
    expect(await coupons.find(demo, code)).toEqual({ ...found, status: "USED", redemptionCount: 1 });
  });

  it("tells null for an owner and a status that are not told", async () => {
    const { standIn, coupons } = couponService();
    standIn.putCoupon("demo", { code, status: "PAUSED" });
    expect(await coupons.find(demo, code)).toEqual({
      kind: "found",
      issuedTo: null,
      status: null,
      redemptionCount: 0,
    });
  });

  it("does not guess how often a coupon was used", async () => {
    const { standIn, coupons } = couponService();
    await coupons.create(coupon);
    standIn.showsSellersFields = false;
    expect(await coupons.find(demo, code)).toEqual({ kind: "unknown" });
  });

  it("is absent when there is none, and when it was deleted", async () => {
    const { standIn, coupons } = couponService();
    expect(await coupons.find(demo, code)).toEqual({ kind: "absent" });
    standIn.putCoupon("demo", { code, deleted: true });
    expect(await coupons.find(demo, code)).toEqual({ kind: "absent" });
  });

  it.each([
    ["no body", ""],
    ["a page", "<h1>Not Found</h1>"],
    ["a gateway's fault", '{"fault":{"faultstring":"Unable to identify proxy"}}'],
    ["another status", '{"status":500,"type":"resource_not_found"}'],
  ])("is unknown when a 404 is not the service's own (%s)", async (_, body) => {
    const { standIn, coupons } = couponService();
    standIn.always("coupon.find", { status: 404, body });
    expect(await coupons.find(demo, code)).toEqual({ kind: "unknown" });
  });

  it.each<Fault>([
    400,
    401,
    403,
    409,
    429,
    500,
    503,
    "drop-before-acting",
    "hang-before-acting",
    "garbage",
    "redirect",
    "stall-after-acting",
    "overlong-after-acting",
    { status: 200, body: "[]" },
    { status: 200, body: '{"name":"n","discountType":"PERCENT","code":"ANOTHER","redemptionCount":0}' },
    { status: 200, body: '{"name":"n","discountType":"PERCENT","redemptionCount":-1}' },
    { status: 204 },
  ])("is unknown after %o", async (fault) => {
    const { standIn, coupons } = couponService();
    await coupons.create(coupon);
    standIn.always("coupon.find", fault);
    expect(await coupons.find(demo, code)).toEqual({ kind: "unknown" });
    expect(standIn.count("coupon.find")).toBeLessThanOrEqual(couponCallLimits.attemptsMax);
  });

  it.each<Fault>([429, 500, "drop-before-acting", "hang-before-acting"])("is tried again after %s", async (fault) => {
    const { standIn, coupons } = couponService();
    await coupons.create(coupon);
    standIn.next("coupon.find", fault);
    expect(await coupons.find(demo, code)).toMatchObject({ kind: "found" });
  });
});

describe("removing a coupon at Emporix", () => {
  it.each([".", "..", ""])("asks for nothing that no coupon can be called: '%s'", async (name) => {
    const { standIn, coupons } = couponService();
    expect(await coupons.remove(demo, name as CouponCode)).toEqual({ kind: "absent" });
    expect(await coupons.find(demo, name as CouponCode)).toEqual({ kind: "absent" });
    expect(standIn.requests).toEqual([]);
  });

  it("removes it once", async () => {
    const { standIn, coupons } = couponService();
    await coupons.create(coupon);
    expect(await coupons.remove(demo, code)).toEqual({ kind: "removed" });
    expect(await coupons.remove(demo, code)).toEqual({ kind: "absent" });
    expect(standIn.liveCoupons()).toEqual([]);
  });

  it.each<Fault>(["drop-after-acting", "hang-after-acting"])("has happened once after %s", async (fault) => {
    const { standIn, coupons } = couponService();
    await coupons.create(coupon);
    standIn.next("coupon.remove", fault);
    expect(await coupons.remove(demo, code)).toEqual({ kind: "absent" });
    expect(standIn.liveCoupons()).toEqual([]);
  });

  it.each<Fault>(["drop-before-acting", "hang-before-acting", 429, 500, 503])(
    "is tried again after %s",
    async (fault) => {
      const { standIn, coupons } = couponService();
      await coupons.create(coupon);
      standIn.next("coupon.remove", fault);
      expect(await coupons.remove(demo, code)).toEqual({ kind: "removed" });
    },
  );

  it.each([400, 401, 403, 405, 409])("is refused with %i, and the coupon is as it was", async (status) => {
    const { standIn, coupons } = couponService();
    await coupons.create(coupon);
    standIn.always("coupon.remove", status);
    expect(await coupons.remove(demo, code)).toMatchObject({ kind: "refused" });
    expect(isThere(standIn)).toBe(true);
  });

  it.each<Fault>([
    408,
    429,
    500,
    "drop-before-acting",
    "hang-before-acting",
    "redirect",
    { status: 202 },
    { status: 404, body: "<h1>Not Found</h1>" },
  ])("is unknown after %o, every time", async (fault) => {
    const { standIn, coupons } = couponService();
    await coupons.create(coupon);
    standIn.always("coupon.remove", fault);
    expect(await coupons.remove(demo, code)).toEqual({ kind: "unknown" });
    expect(standIn.count("coupon.remove")).toBeLessThanOrEqual(couponCallLimits.attemptsMax);
  });

  it("is not refused by an answer that comes after an attempt which may have acted", async () => {
    const { standIn, coupons } = couponService();
    await coupons.create(coupon);
    standIn.next("coupon.remove", "drop-after-acting", 400);
    expect(await coupons.remove(demo, code)).toEqual({ kind: "unknown" });
  });
});

describe("tokens for Emporix's services", () => {
  it("are fetched once for many calls, for the tenant and for what the calls need", async () => {
    const { standIn, coupons } = couponService();
    for (let n = 0; n < 20; n += 1) await coupons.find(demo, code);
    expect(standIn.count("token")).toBe(1);
    const [request] = standIn.requests;
    expect(request?.contentType).toBe("application/x-www-form-urlencoded");
    expect(Object.fromEntries(new URLSearchParams(request?.body))).toEqual({
      grant_type: "client_credentials",
      client_id: standIn.clientId,
      client_secret: standIn.clientSecret,
      scope: "tenant=demo coupon.coupon_manage",
    });
  });

  it("are each tenant's own", async () => {
    const { standIn, coupons } = couponService();
    const other = "other" as TenantId;
    for (const tenant of [demo, other, demo, other]) {
      expect(await coupons.find(tenant, code)).toEqual({ kind: "absent" });
    }
    expect(standIn.count("token")).toBe(2);
  });

  it("are renewed shortly before their end", async () => {
    const { standIn, coupons, time } = couponService();
    await coupons.find(demo, code);
    time.pass(3_539_000);
    await coupons.find(demo, code);
    expect(standIn.count("token")).toBe(1);
    time.pass(2_000);
    await coupons.find(demo, code);
    expect(standIn.count("token")).toBe(2);
    expect(standIn.count("coupon.find")).toBe(3);
  });

  it("are renewed once when they are refused", async () => {
    const { standIn, coupons } = couponService();
    await coupons.create(coupon);
    standIn.expireTokens();
    expect(await coupons.find(demo, code)).toMatchObject({ kind: "found" });
    expect(await coupons.find(demo, code)).toMatchObject({ kind: "found" });
    expect(standIn.count("token")).toBe(2);
    expect(standIn.count("coupon.find")).toBe(3);
  });

  it.each([400, 401, 403])("that are refused with %i make a refusal: nothing was sent", async (status) => {
    const { standIn, coupons } = couponService();
    standIn.always("token", status);
    const refused = { kind: "refused", reason: `token: ${status}` };
    expect(await coupons.create(coupon)).toEqual(refused);
    expect(await coupons.remove(demo, code)).toEqual(refused);
    expect(await coupons.find(demo, code)).toEqual({ kind: "unknown" });
    expect(standIn.requests.map(({ operation }) => operation)).toEqual(["token", "token", "token"]);
  });

  it("that are refused after an attempt that may have acted leave its outcome unknown", async () => {
    const { standIn, coupons, time } = couponService();
    await coupons.find(demo, code);
    time.pass(3_539_900);
    standIn.next("coupon.create", "hang-after-acting");
    standIn.always("token", 401);
    expect(await coupons.create(coupon)).toEqual({ kind: "unknown" });
    expect(standIn.count("coupon.create")).toBe(1);
  });

  it.each<Fault>([
    408,
    429,
    500,
    503,
    "drop-before-acting",
    "hang-before-acting",
    "garbage",
    "redirect",
    { status: 200, body: '{"access_token":"two words","expires_in":60}' },
    { status: 200, body: '{"access_token":"line\\nbreak","expires_in":60}' },
    { status: 200, body: '{"token_type":"Bearer"}' },
  ])("that do not come (%o) make the outcome unknown, and are asked for again", async (fault) => {
    const { standIn, coupons } = couponService();
    standIn.next("token", fault);
    expect(await coupons.create(coupon)).toEqual({ kind: "created" });

    const other = couponService();
    other.standIn.always("token", fault);
    expect(await other.coupons.create(coupon)).toEqual({ kind: "unknown" });
    expect(other.standIn.count("token")).toBeLessThanOrEqual(couponCallLimits.attemptsMax);
    expect(other.standIn.count("coupon.create")).toBe(0);
  });
});

describe("no call to Emporix's services", () => {
  const everyFault: Fault[] = [
    ...[400, 401, 403, 404, 408, 409, 425, 429, 500, 503],
    ...(["drop-before-acting", "drop-after-acting", "hang-before-acting", "hang-after-acting"] as const),
    ...(["act-late", "garbage", "garbage-after-acting", "redirect"] as const),
    ...(["stall-after-acting", "overlong-after-acting"] as const),
    { status: 503, headers: { "Retry-After": "1" } },
    { status: 503, headers: { "Retry-After": "3600" } },
  ];

  it.each(everyFault)("takes longer than its deadline (%o)", async (fault) => {
    for (const also of everyFault) {
      const { standIn, coupons, timed } = couponService(0.999);
      standIn.next("token", also);
      for (const operation of ["coupon.create", "coupon.find", "coupon.remove"] as const)
        standIn.always(operation, fault);
      for (const call of [
        () => coupons.create(coupon),
        () => coupons.find(demo, code),
        () => coupons.remove(demo, code),
      ]) {
        expect(await timed(call)).toBeLessThanOrEqual(couponCallLimits.callMsMax);
      }
    }
  });

  it("waits for an answer longer than an attempt may take, also when the request takes no notice of it", async () => {
    const time = new VirtualTime();
    const { log } = recordingLog();
    const deaf = (): Promise<Response> => {
      setTimeout(() => time.passUntilNext(), 0);
      return new Promise(() => {});
    };
    const coupons = new EmporixCouponService(new EmporixStandIn().access, { log, fetch: deaf, time, random: () => 0 });
    const start = time.now();
    expect(await coupons.create(coupon)).toEqual({ kind: "unknown" });
    expect(time.now() - start).toBe(couponCallLimits.callMsMax);
  });

  it("comes sooner again than the other side asks for", async () => {
    const { standIn, coupons, timed } = couponService(0);
    standIn.next("coupon.create", { status: 429, headers: { "Retry-After": "2" } });
    expect(await timed(() => coupons.create(coupon))).toBe(2_000);
    expect(isThere(standIn)).toBe(true);

    const other = couponService(0);
    other.standIn.always("coupon.create", { status: 503, headers: { "Retry-After": "60" } });
    expect(await other.timed(() => other.coupons.create(coupon))).toBe(0);
    expect(other.standIn.count("coupon.create")).toBe(1);
  });

  it("pauses as long as another one before it tries again", async () => {
    const pauses = async (random: number): Promise<number> => {
      const { standIn, coupons, timed } = couponService(random);
      standIn.always("coupon.find", 500);
      return timed(() => coupons.find(demo, code));
    };
    expect(await pauses(0)).toBe(0);
    expect(await pauses(0.5)).toBe(300);
    expect(await pauses(0.99)).toBeCloseTo(594);
  });

  it("writes secrets, tokens, codes or customers into the log", async () => {
    const { standIn, coupons, lines } = couponService();
    const quoting = `${code} ${customer} ${standIn.clientSecret}`;
    const faults: Fault[] = [...everyFault, { status: 400, body: quoting }, { status: 200, body: quoting }];
    for (const fault of faults) {
      for (const operation of ["token", "coupon.create", "coupon.find", "coupon.remove"] as const) {
        standIn.expireTokens();
        standIn.always(operation, fault);
        const results = [
          await coupons.create(coupon),
          await coupons.find(demo, code),
          await coupons.remove(demo, code),
        ];
        for (const result of results) if ("reason" in result) lines.push(["reason", result.reason]);
        standIn.always(operation, null);
      }
    }
    const written = JSON.stringify(lines);
    expect(lines.length).toBeGreaterThan(100);
    expect(written).not.toContain(code);
    expect(written).not.toContain(customer);
    expect(written).not.toContain(standIn.clientSecret);
    expect(written).not.toContain("token-");
  });
});

const main = "main" as SiteCode;
const given = { enabled: true, codePrefix: "LLS", orderValueToRewardPointsFactor: 0.1, validityInMonths: 12 };
const effective = {
  ...switchedOff,
  enabled: true,
  codePrefix: "LLS",
  orderValueToRewardPointsFactor: "0.1",
  validityMonths: 12,
};

let tenants = 0;

/** Site settings against a stand-in, with the real cache, in which the fresh entries can be forgotten. */
function siteSettings() {
  tenants += 1;
  const tenant = `upstream-${tenants}` as TenantId;
  const time = new VirtualTime();
  const standIn = new EmporixStandIn({ time });
  const { log, lines } = recordingLog();
  const kept: [string, number][] = [];
  const recorded = (name: string): SettingsCache => {
    const inner = new KvSettingsCache(name, { cache: env.SETTINGS_CACHE, clock: systemClock, log });
    return {
      read: (...args) => inner.read(...args),
      forget: (...args) => inner.forget(...args),
      remember: (...args) => inner.remember(...args),
      keep: (...args) => {
        kept.push([name, args[3]]);
        return inner.keep(...args);
      },
    };
  };
  const caches = { fresh: recorded("fresh"), lastKnown: recorded("last-known") };
  const services = { log, fetch: standIn.fetch, time, random: () => 0.5, ...caches };
  const settings = new EmporixSiteSettings(standIn.access, services);
  return { tenant, time, standIn, settings, lines, kept };
}

const downFaults: Fault[] = [
  ...[400, 401, 403, 405, 408, 429, 500, 503],
  ...(["drop-before-acting", "hang-before-acting", "garbage", "redirect", "stall-after-acting"] as const),
  ...(["overlong-after-acting"] as const),
  { status: 200, body: "[]" },
  { status: 200, body: "null" },
  { status: 404, body: "<h1>Not Found</h1>" },
];

describe("site settings at Emporix", () => {
  it("come from the mixin, and then for 15 minutes from the cache", async () => {
    const { tenant, standIn, settings, kept, lines } = siteSettings();
    standIn.putSettings(tenant, "main", given);
    expect(await settings.effective(tenant, main)).toEqual(effective);
    expect(await settings.effective(tenant, main)).toEqual(effective);
    expect(standIn.count("settings.find")).toBe(1);
    expect(standIn.requests.map(({ path }) => path)).toContain(`/site/${tenant}/sites/main/mixins/couponSettings`);
    const token = new URLSearchParams(standIn.requests[0]?.body);
    expect(token.get("scope")).toBe(`tenant=${tenant} site.site_manage`);
    expect(kept).toEqual([
      ["fresh", 900],
      ["last-known", 7_776_000],
    ]);
    expect(lines).toEqual([]);
  });

  it("fall back to the site's currency and time zone, which are read with the mixin and cached with it", async () => {
    const { tenant, standIn, settings } = siteSettings();
    standIn.putSettings(tenant, "main", given);
    standIn.sites.set(`${tenant}/main`, { code: "main", currency: "CHF", homeBase: { timezone: "Europe/Zurich" } });
    const withFallbacks = { ...effective, currency: "CHF", timeZone: "Europe/Zurich" };
    expect(await settings.effective(tenant, main)).toEqual(withFallbacks);
    expect(await settings.effective(tenant, main)).toEqual(withFallbacks);
    expect(standIn.count("site.find")).toBe(1);
    await settings.forget(tenant, main);
    standIn.sites.set(`${tenant}/main`, { currency: 7, homeBase: { timezone: "Mars/Base" } });
    expect(await settings.effective(tenant, main)).toEqual(effective);
  });

  it.each(downFaults)("do without what the site says while it cannot be read (%o), or keep it", async (fault) => {
    const { tenant, standIn, settings, time } = siteSettings();
    standIn.putSettings(tenant, "main", given);
    standIn.always("site.find", fault);
    const start = time.now();
    expect(await settings.effective(tenant, main)).toEqual(effective);
    expect(time.now() - start).toBeLessThanOrEqual(settingsCallLimits.callMsMax);
    standIn.always("site.find", null);
    standIn.sites.set(`${tenant}/main`, { currency: "CHF" });
    await settings.forget(tenant, main);
    expect(await settings.effective(tenant, main)).toEqual({ ...effective, currency: "CHF" });
    standIn.always("site.find", fault);
    standIn.putSettings(tenant, "main", { ...given, codePrefix: "NEW" });
    await settings.forget(tenant, main);
    expect(await settings.effective(tenant, main)).toEqual({ ...effective, codePrefix: "NEW", currency: "CHF" });
  });

  it("are understood under the mixin's name, too", async () => {
    const { tenant, standIn, settings } = siteSettings();
    standIn.mixins.set(`${tenant}/main/couponSettings`, { couponSettings: { length: 3, rewardpoints: given } });
    expect(await settings.effective(tenant, main)).toEqual(effective);
  });

  it("show a change as soon as they are forgotten", async () => {
    const { tenant, standIn, settings } = siteSettings();
    standIn.putSettings(tenant, "main", given);
    await settings.effective(tenant, main);
    standIn.putSettings(tenant, "main", { ...given, codePrefix: "NEW" });
    expect(await settings.effective(tenant, main)).toEqual(effective);
    await settings.forget(tenant, main);
    expect(await settings.effective(tenant, main)).toEqual({ ...effective, codePrefix: "NEW" });
  });

  it.each(downFaults)("stay as they were known last while the service is down (%o)", async (fault) => {
    const { tenant, standIn, settings, time, lines, kept } = siteSettings();
    standIn.putSettings(tenant, "main", given);
    await settings.effective(tenant, main);
    await settings.forget(tenant, main);
    standIn.always("settings.find", fault);

    const start = time.now();
    expect(await settings.effective(tenant, main)).toEqual(effective);
    expect(time.now() - start).toBeLessThanOrEqual(settingsCallLimits.callMsMax);
    expect(lines.at(-1)).toEqual(["site_settings_last_known", { tenant }]);
    expect(kept.at(-1)).toEqual(["fresh", 60]);

    const asked = standIn.count("settings.find");
    expect(asked - 1).toBeLessThanOrEqual(settingsCallLimits.attemptsMax);
    expect(await settings.effective(tenant, main)).toEqual(effective);
    expect(standIn.count("settings.find")).toBe(asked);
  });

  it.each<Fault>([401, 500, "drop-before-acting", "hang-before-acting"])(
    "stay as they were known last while no token is to be had (%s)",
    async (fault) => {
      const { tenant, standIn, settings } = siteSettings();
      standIn.putSettings(tenant, "main", given);
      await settings.effective(tenant, main);
      await settings.forget(tenant, main);
      standIn.expireTokens();
      standIn.always("token", fault);
      expect(await settings.effective(tenant, main)).toEqual(effective);
    },
  );

  it.each(downFaults)("are not guessed when nothing is known (%o)", async (fault) => {
    const { tenant, standIn, settings, kept } = siteSettings();
    standIn.putSettings(tenant, "main", given);
    standIn.always("settings.find", fault);
    await expect(settings.effective(tenant, main)).rejects.toBeInstanceOf(StoreUnavailable);
    expect(kept).toEqual([]);
  });

  it("are not asked for again at once after the service did not answer", async () => {
    const { tenant, standIn, settings, time } = siteSettings();
    standIn.putSettings(tenant, "main", given);
    standIn.always("settings.find", 503);
    await expect(settings.effective(tenant, main)).rejects.toBeInstanceOf(StoreUnavailable);
    const asked = standIn.count("settings.find");

    standIn.always("settings.find", null);
    time.pass(4_900);
    await expect(settings.effective(tenant, main)).rejects.toBeInstanceOf(StoreUnavailable);
    expect(standIn.count("settings.find")).toBe(asked);
    time.pass(100);
    expect(await settings.effective(tenant, main)).toEqual(effective);
  });

  it("are asked for a second time when the first attempt fails", async () => {
    const { tenant, standIn, settings } = siteSettings();
    standIn.putSettings(tenant, "main", given);
    standIn.next("settings.find", "hang-before-acting");
    expect(await settings.effective(tenant, main)).toEqual(effective);
  });

  it("are off without a mixin, and a code that somebody makes up costs one question and no write", async () => {
    const { tenant, standIn, settings, lines, kept } = siteSettings();
    expect(await settings.effective(tenant, main)).toEqual(switchedOff);
    expect(await settings.effective(tenant, main)).toEqual(switchedOff);
    expect(lines).toEqual([["site_switched_off", { tenant, reason: "no mixin" }]]);
    expect(standIn.count("settings.find")).toBe(1);
    expect(kept).toEqual([]);
  });

  it("are off once the mixin is removed, also while the service is down", async () => {
    const { tenant, standIn, settings } = siteSettings();
    standIn.putSettings(tenant, "main", given);
    expect(await settings.effective(tenant, main)).toEqual(effective);
    await settings.forget(tenant, main);
    standIn.mixins.clear();
    expect(await settings.effective(tenant, main)).toEqual(switchedOff);
    await settings.forget(tenant, main);
    standIn.always("settings.find", 503);
    expect(await settings.effective(tenant, main)).toEqual(switchedOff);
  });

  it("are off when the mixin says nothing of reward points", async () => {
    const { tenant, standIn, settings, lines } = siteSettings();
    standIn.mixins.set(`${tenant}/main/couponSettings`, { length: 3 });
    expect(await settings.effective(tenant, main)).toEqual(switchedOff);
    expect(lines).toMatchObject([["site_switched_off", { reason: "no settings in the mixin" }]]);
  });

  it("are off when the mixin is broken; the log names what is wrong, and no values", async () => {
    const { tenant, standIn, settings, lines } = siteSettings();
    standIn.putSettings(tenant, "main", { ...given, enabled: "secret", validityInMonths: -77 });
    expect(await settings.effective(tenant, main)).toEqual(switchedOff);
    const problems = [
      { member: "enabled", kind: "invalid_value" },
      { member: "validityInMonths", kind: "invalid_value" },
    ];
    const facts = { tenant, siteCode: "main", reason: "invalid settings", problems };
    expect(lines).toEqual([["site_switched_off", facts]]);
  });

  it("are each site's own, whatever its code is, and no code leads elsewhere", async () => {
    const { tenant, standIn, settings } = siteSettings();
    const codes = ["main", "MAIN", "main/x", "日本", "a?b", "%2e%2e", "..."] as SiteCode[];
    for (const site of codes) standIn.putSettings(tenant, site, { ...given, codePrefix: `P${codes.indexOf(site)}` });
    for (const site of codes) {
      expect((await settings.effective(tenant, site)).codePrefix).toBe(`P${codes.indexOf(site)}`);
    }
    expect(standIn.count("settings.find")).toBe(codes.length);
    for (const site of [".", ".."] as SiteCode[]) expect(await settings.effective(tenant, site)).toEqual(switchedOff);
    expect(standIn.count("settings.find")).toBe(codes.length);
  });
});

describe("the address of an external issuer's keys", () => {
  const base = { AUTH_ISSUER: "i", AUTH_AUDIENCE: "a" };

  it.each(["https://issuer.test/keys?of=us", "http://localhost:8790/keys", "http://[::1]/keys"])("may be %s", (url) => {
    expect(readConfiguration({ ...base, AUTH_JWKS_URL: url }).AUTH_JWKS_URL).toBe(url);
  });

  it.each(["http://issuer.test/keys", "http://localhost.evil.test/", "ftp://localhost/keys", "issuer.test", "/keys"])(
    "must not be %s, where others could answer for it",
    (url) => {
      const read = () => readConfiguration({ ...base, AUTH_JWKS_URL: url });
      expect(read).toThrow("AUTH_JWKS_URL: is not an https address");
      expect(read).not.toThrow(url);
    },
  );
});

describe("the variables for Emporix's services", () => {
  const base = { AUTH_ISSUER: "i", AUTH_AUDIENCE: "a", AUTH_JWKS_URL: "https://issuer.test/keys" };
  const client = {
    UPSTREAM_TOKEN_URL: "https://api.emporix.io/oauth/token",
    UPSTREAM_CLIENT_ID: "id",
    UPSTREAM_CLIENT_SECRET: "secret",
  };

  it("are not needed", () => {
    const configuration = readConfiguration({ ...base, SITE_SETTINGS_URL: "" });
    expect(configuration.COUPON_SERVICE_URL).toBeNull();
    expect(emporixAccess(configuration.SITE_SETTINGS_URL, configuration)).toBeNull();
  });

  it("name the client as soon as one service is named", () => {
    for (const name of ["SITE_SETTINGS_URL", "COUPON_SERVICE_URL"] as const) {
      const configuration = readConfiguration({ ...base, ...client, [name]: "https://api.emporix.io/" });
      expect(emporixAccess(configuration[name], configuration)).toEqual({
        baseUrl: "https://api.emporix.io",
        tokenUrl: "https://api.emporix.io/oauth/token",
        clientId: "id",
        clientSecret: "secret",
      });
      for (const missing of Object.keys(client)) {
        const incomplete = { ...base, ...client, [name]: "https://api.emporix.io", [missing]: "" };
        expect(() => readConfiguration(incomplete)).toThrow(`${missing}: is required`);
      }
    }
  });

  it.each(["http://localhost:8790", "http://127.0.0.1:8790/base", "https://api.emporix.io"])("may be %s", (url) => {
    expect(readConfiguration({ ...base, ...client, SITE_SETTINGS_URL: url }).SITE_SETTINGS_URL).toBe(url);
  });

  it.each([
    "http://api.emporix.io",
    "http://localhost.evil.test",
    "ftp://localhost",
    "https://id:secret@api.emporix.io",
    "https://api.emporix.io?x=1",
    "https://api.emporix.io/#x",
    "api.emporix.io",
  ])("must not be %s, which no error repeats", (url) => {
    for (const name of ["SITE_SETTINGS_URL", "COUPON_SERVICE_URL", "UPSTREAM_TOKEN_URL"]) {
      const read = () => readConfiguration({ ...base, ...client, [name]: url });
      expect(read).toThrow(`${name}: is not an https address`);
      expect(read).not.toThrow(url);
    }
  });
});
