import { env } from "cloudflare:workers";
import { expect, vi } from "vitest";
import type { Actor, CommandId } from "../../../src/platform/values/identifiers.ts";
import type { EmporixStandIn } from "../emporix-stand-in.ts";
import { keyOf } from "../ledger/ledgers.ts";
import { orderUpdated, returnUpdated } from "../orders/order-events.ts";
import { rightSite } from "../right-site.ts";
import { type Answer, type Call, tenPercentOff } from "../shop.ts";
import { everyScope, signToken } from "../tokens.ts";
import { type FaultyService, noAnswer } from "./faulty-service.ts";

/** Time flies here: days may pass in a flow. */
const tokenSeconds = 365 * 24 * 60 * 60;

/** What a customer has in the beginning, and what the option costs, in points. */
const given = 100;
const price = 40;
const validUntil = "2199-01-01T00:00:00Z";

const settingsOff = { rewardpoints: { enabled: false } };

/** Something that a client, the queue or a timer wants of the service, again and again until it is done. */
export interface Flow {
  readonly name: string;
  /** Who issues the coupons. */
  readonly coupons: "embedded" | "upstream";
  /** Brings about what the flow begins with. */
  arrange(stage: Stage): Promise<Scene>;
}

export interface Scene {
  /** One try. @returns whether it came to its end */
  attempt(): Promise<boolean>;
  /** Asks once more after the end: the answer must be the same. */
  repeat?(): Promise<void>;
  /** Expects the flow's effect, once. */
  expectEffect(): Promise<void>;
}

/** What the flows' effects are looked up by: one column of the customer's rows each. */
const columns = {
  journal: "select kind from ledger_entries where tenant = ? and customer_id = ? order by sequence",
  coupons: "select code from coupons where tenant = ? and issued_to = ?",
  exchanges: "select state from exchanges where tenant = ? and customer_id = ?",
  records: "select idempotency_key from idempotency_records where tenant = ? and customer_id = ?",
  verdicts: "select verdict from order_events where tenant = ? and customer_id = ? order by id",
  payloads: "select payload from order_events where tenant = ? and customer_id = ? and payload is not null",
} as const;

/** A customer of a tenant's, with what it takes to be one. */
export class Stage {
  readonly service: FaultyService;
  readonly standIn: EmporixStandIn;
  readonly tenant: string;
  readonly customerId: string;
  readonly optionId = "voucher";
  readonly employee: string;
  readonly customer: string;
  /** Read once: nothing is written after the end. */
  #stored: Promise<readonly D1Result<object>[]> | null = null;

  private constructor(
    service: FaultyService,
    standIn: EmporixStandIn,
    names: { readonly tenant: string; readonly customerId: string },
    tokens: { readonly employee: string; readonly customer: string },
  ) {
    this.service = service;
    this.standIn = standIn;
    this.tenant = names.tenant;
    this.customerId = names.customerId;
    this.employee = tokens.employee;
    this.customer = tokens.customer;
  }

  static async open(service: FaultyService, standIn: EmporixStandIn, tenant: string, customerId: string) {
    const exp = Math.floor(Date.now() / 1_000) + tokenSeconds;
    const scope = `${everyScope} coupon.coupon_manage`;
    const claims = { tenant, exp };
    return new Stage(
      service,
      standIn,
      { tenant, customerId },
      {
        employee: await signToken({ claims: { ...claims, scope, client_id: "backoffice" } }),
        customer: await signToken({ claims: { ...claims, customer_id: customerId } }),
      },
    );
  }

  get key() {
    return keyOf(this.tenant, this.customerId);
  }

  /** The merchant's settings and the option that customers buy; once for a tenant. */
  async furnish(): Promise<void> {
    const rewardpoints = {
      enabled: true,
      codePrefix: "RP",
      orderValueToRewardPointsFactor: 1,
      returnPolicy: "negative",
    };
    await this.manage("POST", `/site/${this.tenant}/sites/main/mixins`, { couponSettings: { rewardpoints } });
    await this.manage("POST", `/reward-points/${this.tenant}/redeemOptions`, optionOf(this.optionId));
    // From here on the upstream coupon service has given a token.
    await this.buy();
  }

  /** Nothing is in any memory: not the object's, the isolate's nor KV's. */
  async cool(): Promise<void> {
    this.service.evict();
    this.service.outlastMemories();
    this.standIn.expireTokens();
    await env.SETTINGS_CACHE.delete(`reward-settings/${this.tenant}/main`);
  }

  manage(method: string, path: string, json?: unknown): Promise<Answer> {
    return this.service.must(method, path, { token: this.employee, json });
  }

  /** Starts with points. */
  async grant(): Promise<void> {
    const path = `/reward-points/customer/${this.customerId}/addPoints`;
    await this.manage("POST", path, { points: given, validUntil });
  }

  /** Buys the option's coupon, and returns its code. */
  async buy(): Promise<string> {
    await this.grant();
    const { body } = await this.service.must("POST", "/reward-points/public/customer/redeem", {
      token: this.customer,
      json: { id: this.optionId },
    });
    return (body as { code: string }).code;
  }

  /** Sends events, one after another, each processed before the next one. */
  async process(...events: readonly object[]): Promise<void> {
    for (const event of events) {
      await this.manage("POST", this.eventsPath, event);
      await this.service.deliver();
    }
  }

  get eventsPath(): string {
    return `/reward-points/${this.tenant}/events`;
  }

  order(more: object = {}): object {
    return orderUpdated(`O-${this.customerId}`, { customer: { id: this.customerId }, ...more });
  }

  /** An approved return of half of the order's value; the order is worth 433 points. */
  returned(more: object = {}): object {
    const requestor = { customerId: this.customerId };
    return returnUpdated(`R-${this.customerId}`, `O-${this.customerId}`, 216.86, { requestor, ...more });
  }

  /** What is stored of the customer in the end. */
  async stored(what: keyof typeof columns): Promise<readonly unknown[]> {
    this.#stored ??= env.DB.batch<object>(
      Object.values(columns).map((sql) => env.DB.prepare(sql).bind(this.tenant, this.customerId)),
    );
    const answers = await this.#stored;
    return answers[Object.keys(columns).indexOf(what)]?.results.flatMap((row) => Object.values(row)) ?? [];
  }

  /** Expects the service to find nothing wrong with the customer's books, when it replays them. */
  async expectSoundBooks(): Promise<void> {
    const path = `/reward-points/customer/${this.customerId}/verify`;
    const answer = await this.service.call("GET", path, { token: this.employee });
    if (answer !== noAnswer && answer.status === 404) expect(await this.stored("journal")).toEqual([]);
    else expect(answer).toMatchObject({ status: 200, body: { sound: true, findings: [] } });
  }

  /** One column of what is stored of the customer now. */
  async read(sql: string): Promise<readonly unknown[]> {
    const { results } = await env.DB.prepare(sql).bind(this.tenant, this.customerId).all();
    return results.flatMap((row) => Object.values(row));
  }

  async count(sql: string, ...values: readonly string[]): Promise<unknown> {
    return env.DB.prepare(sql)
      .bind(this.tenant, ...values)
      .first("count");
  }

  /** Expects the ledger to have these entries, and the object to say so whether its memory is warm or cold. */
  async expectLedger(kinds: readonly string[], balance: number): Promise<void> {
    expect(await this.stored("journal")).toEqual(kinds);
    const warm = await this.service.activePoints(this.key);
    this.service.evict();
    const cold = await this.service.activePoints(this.key);
    expect({ warm, cold }).toEqual({ warm: balance, cold: balance });
  }

  /**
   * A request that is sent again, with the same key if it has one, until it is answered with the status `end`, or
   * with `endOfRepetition` when an earlier try may have been carried out. Until then it is answered 503, or not at all.
   */
  request(
    method: string,
    path: string,
    more: Call & { readonly end: number; readonly endOfRepetition?: number; readonly isKeyed?: boolean },
    expectEffect: (answer: Answer) => Promise<void>,
  ): Scene {
    const { end, endOfRepetition, isKeyed = true, ...rest } = more;
    const headers = isKeyed ? { "Idempotency-Key": `key-${this.customerId}` } : {};
    const call: Call = { token: this.employee, ...rest, headers };
    let tries = 0;
    let last: Answer | null = null;
    return {
      attempt: async () => {
        tries += 1;
        const answer = await this.service.call(method, path, call);
        if (answer === noAnswer) return false;
        const { status } = answer;
        if (status !== end && !(tries > 1 && status === endOfRepetition)) {
          // Whatever goes wrong is said to be so, and that it is worth another try.
          expect({ status, retryAfter: answer.headers.has("Retry-After") }).toEqual({ status: 503, retryAfter: true });
          return false;
        }
        last = answer;
        return true;
      },
      ...(isKeyed
        ? {
            repeat: async () => {
              const again = await this.service.call(method, path, call);
              if (again === noAnswer) throw new Error("There is no answer to the repetition.");
              expect(again.status).toBe(last?.status);
              // A refusal tells the moment at which it was answered.
              if (again.status >= 300) return;
              expect(again.body).toEqual(last?.body);
              expect(again.headers.get("Idempotency-Replayed")).toBe("true");
            },
          }
        : {}),
      expectEffect: async () => {
        if (last === null) throw new Error("There is no answer.");
        await expectEffect(last);
      },
    };
  }

  /** An event that is sent until it is taken, and handed out until it is settled. */
  event(event: object, expectEffect: () => Promise<void>): Scene {
    let isTaken = false;
    return {
      attempt: async () => {
        if (!isTaken) {
          const answer = await this.service.call("POST", this.eventsPath, { token: this.employee, json: event });
          if (answer !== noAnswer) expect([202, 503]).toContain(answer.status);
          isTaken = answer !== noAnswer && answer.status === 202;
        }
        await this.service.deliver();
        return isTaken && this.service.queuedCount === 0;
      },
      expectEffect,
    };
  }

  /** Expects these verdicts on the customer's events, beside those on an event that was taken twice. */
  async expectVerdicts(expected: readonly string[]): Promise<void> {
    const verdicts = await this.stored("verdicts");
    const others = verdicts.filter((verdict) => !repeated.has(String(verdict)));
    expect(others).toEqual(expected);
  }
}

/** What may be said of an event that was taken twice, besides. */
const repeated: ReadonlySet<string> = new Set(["duplicate", "ignored"]);

const optionOf = (id: string | undefined, more: object = {}) => ({
  ...(id === undefined ? {} : { id }),
  type: "coupon",
  name: "Voucher",
  points: price,
  coupon: { ...tenPercentOff, allowAnonymous: true },
  ...more,
});

const redeemPath = "/reward-points/public/customer/redeem";
const hourMs = 60 * 60 * 1_000;
const dayMs = 24 * hourMs;

/** Has the exchange's coupon, one and no more, and has paid for it once. */
async function expectOneCoupon(stage: Stage, { body }: Answer): Promise<void> {
  const { code } = body as { code: string };
  await stage.expectLedger(["opened", "granted", "redeemed"], given - price);
  const live = stage.standIn.liveCoupons(stage.tenant).filter(({ issuedTo }) => issuedTo === stage.customerId);
  const codes = [...(await stage.stored("coupons")), ...live.map((coupon) => coupon.code)];
  expect(codes).toEqual([code]);
  expect(await stage.stored("records")).toHaveLength(1);
}

/** The exchange was left half-way, and has come to its coupon: one and no more. */
async function expectOneIssued(stage: Stage): Promise<void> {
  await stage.expectLedger(["opened", "granted", "redeemed"], given - price);
  expect(await stage.stored("exchanges")).toEqual(["ISSUED"]);
  const live = stage.standIn.liveCoupons(stage.tenant).map(({ issuedTo }) => issuedTo);
  expect(live.filter((customerId) => customerId === stage.customerId)).toHaveLength(1);
}

/** Jobs look at everybody's rows: nobody else's are there. Settings and options stay. */
async function clearTables(): Promise<void> {
  const tables = `select name from sqlite_master where type = 'table' and name not in ('site_mixins', 'redeem_options')
    and name not like 'd1_%' and name not like 'sqlite_%' and name not like '_cf_%'`;
  const { results } = await env.DB.prepare(tables).all<{ name: string }>();
  await env.DB.batch(results.map(({ name }) => env.DB.prepare(`delete from ${name}`)));
}

/** An event that was carried out, unheard of; one that is too old; points that expired; a key that is too old. */
async function leaveForJobs(stage: Stage): Promise<void> {
  const { tenant, customerId } = stage;
  await stage.process(stage.order(), stage.returned({ orders: [{ id: "unknown" }] }));
  const path = `/reward-points/customer/${customerId}/addPoints`;
  const json = { points: 5, validUntil: new Date(Date.now() + 1_000).toISOString() };
  const headers = { "Idempotency-Key": `old-${customerId}` };
  await stage.service.must("POST", path, { token: stage.employee, json, headers });
  const change = (what: string, moment: number) =>
    env.DB.prepare(`update ${what} and tenant = ? and customer_id = ?`).bind(moment, tenant, customerId);
  const undelivered =
    "verdict = 'waiting', reason = 'retrying', detail = 'unavailable', processed_at = null, attempts = 0";
  await env.DB.batch([
    change(`order_events set received_at = ? where return_id is not null`, Date.now() - 91 * dayMs),
    change(`order_events set ${undelivered}, received_at = ? where return_id is null`, Date.now() - 2 * hourMs),
    change(`idempotency_records set created_at = ? where true`, Date.now() - 3 * dayMs),
  ]);
  vi.setSystemTime(Date.now() + 2_000);
}

/** How much the jobs have not done yet. */
const leftForJobs = `select
  (select count(*) from order_events where tenant = ?1 and customer_id = ?2 and verdict = 'waiting')
  + (select count(*) from idempotency_records where tenant = ?1 and customer_id = ?2)
  + (select 1 - count(*) from ledger_entries where tenant = ?1 and customer_id = ?2 and kind = 'expired')`;

/** An exchange with a coupon service that does not answer: its points are taken, and nobody knows more. */
async function leaveHalfWay(stage: Stage): Promise<void> {
  await stage.grant();
  stage.standIn.always("coupon.create", 503);
  await stage.service.call("POST", redeemPath, { token: stage.customer, json: { id: stage.optionId } });
  stage.standIn.always("coupon.create", null);
}

/** The alarm runs, as often as it is set. */
const untilNoAlarm = (stage: Stage) => async (): Promise<boolean> => {
  await stage.service.runAlarm(stage.key);
  return !stage.service.hasAlarm;
};

/** Every way in which something is written. */
export const flows: readonly Flow[] = [
  {
    name: "the hourly jobs",
    coupons: "embedded",
    arrange: async (stage) => {
      await clearTables();
      await leaveForJobs(stage);
      return {
        attempt: async () => {
          const isRun = await stage.service.runJobs();
          await stage.service.deliver();
          // What is left is there for another run: events are sent again after hours.
          vi.setSystemTime(Date.now() + dayMs);
          const [left] = await stage.read(leftForJobs);
          return isRun && stage.service.queuedCount === 0 && left === 0;
        },
        expectEffect: async () => {
          await stage.expectLedger(["opened", "granted", "granted", "expired"], 433);
          expect(await stage.stored("verdicts")).toEqual(["granted"]);
          expect(await stage.stored("records")).toEqual([]);
        },
      };
    },
  },
  {
    name: "an exchange that was left half-way, and its alarm lost, taken up by the hourly jobs",
    coupons: "upstream",
    arrange: async (stage) => {
      await clearTables();
      await leaveHalfWay(stage);
      stage.service.clearAlarm();
      vi.setSystemTime(Date.now() + hourMs);
      return {
        attempt: async () => {
          await stage.service.runJobs();
          const [state] = await stage.read(columns.exchanges);
          return state !== "PENDING";
        },
        expectEffect: () => expectOneIssued(stage),
      };
    },
  },
  {
    name: "a new customer with points to start with",
    coupons: "embedded",
    arrange: async (stage) =>
      stage.request(
        "POST",
        `/reward-points/customer/${stage.customerId}`,
        { json: { startPoints: { points: given } }, end: 200 },
        async () => {
          await stage.expectLedger(["opened", "granted"], given);
          expect(await stage.stored("records")).toHaveLength(1);
        },
      ),
  },
  {
    name: "a grant by hand",
    coupons: "embedded",
    arrange: async (stage) =>
      stage.request(
        "POST",
        `/reward-points/customer/${stage.customerId}/addPoints`,
        { json: { points: given }, end: 201 },
        async () => {
          await stage.expectLedger(["opened", "granted"], given);
          expect(await stage.stored("records")).toHaveLength(1);
        },
      ),
  },
  {
    name: "a redemption without a coupon",
    coupons: "embedded",
    arrange: async (stage) => {
      await stage.grant();
      return stage.request(
        "POST",
        `/reward-points/customer/${stage.customerId}/redeemPoints`,
        { json: { points: 30 }, end: 201 },
        async () => {
          await stage.expectLedger(["opened", "granted", "redeemed"], given - 30);
          expect(await stage.stored("records")).toHaveLength(1);
        },
      );
    },
  },
  {
    name: "an exchange",
    coupons: "embedded",
    arrange: async (stage) => {
      await stage.grant();
      const more = { token: stage.customer, json: { id: stage.optionId }, end: 200 };
      return stage.request("POST", redeemPath, more, (answer) => expectOneCoupon(stage, answer));
    },
  },
  {
    name: "giving a coupon back",
    coupons: "embedded",
    arrange: async (stage) => {
      const code = await stage.buy();
      const path = `/reward-points/public/customer/coupons/${code}`;
      return stage.request("DELETE", path, { token: stage.customer, end: 204, isKeyed: false }, () =>
        stage.expectLedger(["opened", "granted", "redeemed", "restored"], given),
      );
    },
  },
  {
    name: "an exchange with a upstream coupon service",
    coupons: "upstream",
    arrange: async (stage) => {
      await stage.grant();
      const more = { token: stage.customer, json: { id: stage.optionId }, end: 200 };
      return stage.request("POST", redeemPath, more, async (answer) => {
        await expectOneCoupon(stage, answer);
        expect(await stage.stored("exchanges")).toEqual(["ISSUED"]);
      });
    },
  },
  {
    name: "an exchange that the upstream coupon service refuses",
    coupons: "upstream",
    arrange: async (stage) => {
      await stage.grant();
      stage.standIn.always("coupon.create", 400);
      const more = { token: stage.customer, json: { id: stage.optionId }, end: 400 };
      return stage.request("POST", redeemPath, more, async () => {
        stage.standIn.always("coupon.create", null);
        await stage.expectLedger(["opened", "granted", "redeemed", "restored"], given);
        expect(await stage.stored("exchanges")).toEqual(["REFUSED"]);
        expect(stage.standIn.liveCoupons(stage.tenant).map(({ issuedTo }) => issuedTo)).not.toContain(stage.customerId);
      });
    },
  },
  {
    name: "an exchange that was left half-way, taken up by the alarm",
    coupons: "upstream",
    arrange: async (stage) => {
      await leaveHalfWay(stage);
      return {
        attempt: untilNoAlarm(stage),
        expectEffect: () => expectOneIssued(stage),
      };
    },
  },
  {
    name: "an exchange that was left half-way and is refused, taken up by the alarm",
    coupons: "upstream",
    arrange: async (stage) => {
      await leaveHalfWay(stage);
      stage.standIn.always("coupon.create", 400);
      return {
        attempt: untilNoAlarm(stage),
        expectEffect: async () => {
          stage.standIn.always("coupon.create", null);
          await stage.expectLedger(["opened", "granted", "redeemed", "restored"], given);
          expect(await stage.stored("exchanges")).toEqual(["REFUSED"]);
        },
      };
    },
  },
  {
    name: "giving a coupon of an upstream service back",
    coupons: "upstream",
    arrange: async (stage) => {
      const code = await stage.buy();
      const path = `/reward-points/public/customer/coupons/${code}`;
      return stage.request("DELETE", path, { token: stage.customer, end: 204, isKeyed: false }, async () => {
        await stage.expectLedger(["opened", "granted", "redeemed", "restored"], given);
        expect(await stage.stored("exchanges")).toEqual(["GIVEN_BACK"]);
        expect(stage.standIn.liveCoupons(stage.tenant).map(({ issuedTo }) => issuedTo)).not.toContain(stage.customerId);
      });
    },
  },
  {
    name: "an order",
    coupons: "embedded",
    arrange: async (stage) =>
      stage.event(stage.order(), async () => {
        await stage.expectLedger(["opened", "granted"], 433);
        await stage.expectVerdicts(["granted"]);
      }),
  },
  {
    name: "an order for which a return has waited",
    coupons: "embedded",
    arrange: async (stage) => {
      await stage.process(stage.returned());
      return stage.event(stage.order(), async () => {
        await stage.expectLedger(["opened", "granted", "reversed"], 217);
        await stage.expectVerdicts(["reversed", "granted"]);
      });
    },
  },
  {
    name: "a return",
    coupons: "embedded",
    arrange: async (stage) => {
      await stage.process(stage.order());
      return stage.event(stage.returned(), async () => {
        await stage.expectLedger(["opened", "granted", "reversed"], 217);
        await stage.expectVerdicts(["granted", "reversed"]);
      });
    },
  },
  {
    name: "a return that is rejected after its approval",
    coupons: "embedded",
    arrange: async (stage) => {
      await stage.process(stage.order(), stage.returned());
      return stage.event(stage.returned({ approvalStatus: "REJECTED" }), async () => {
        await stage.expectLedger(["opened", "granted", "reversed", "reversal-undone", "restored"], 433);
        await stage.expectVerdicts(["granted", "reversed", "restored"]);
      });
    },
  },
  {
    name: "an order that is deleted",
    coupons: "embedded",
    arrange: async (stage) => {
      await stage.process(stage.order());
      const payload = { id: `O-${stage.customerId}`, siteCode: "main", status: "DELETED" };
      return stage.event({ type: "order.deleted", payload }, async () => {
        await stage.expectLedger(["opened", "granted", "reversed"], 0);
      });
    },
  },
  {
    name: "an event that is processed again by hand",
    coupons: "embedded",
    arrange: async (stage) => {
      await stage.process(stage.order());
      const { body } = await stage.manage("GET", `${stage.eventsPath}?customerId=${stage.customerId}`);
      const [event] = body as readonly { readonly id: string }[];
      const path = `${stage.eventsPath}/${event?.id}/replay`;
      const replay = stage.request("POST", path, { end: 202, isKeyed: false }, async () => {
        await stage.expectLedger(["opened", "granted"], 433);
        await stage.expectVerdicts(["granted"]);
      });
      let isSent = false;
      return {
        ...replay,
        attempt: async () => {
          isSent ||= await replay.attempt();
          await stage.service.deliver();
          return isSent && stage.service.queuedCount === 0;
        },
      };
    },
  },
  {
    name: "an event that is given up",
    coupons: "embedded",
    arrange: async (stage) => {
      await stage.manage("POST", stage.eventsPath, stage.order());
      return {
        attempt: async () => {
          await stage.service.deliver("reward-points-events-dlq");
          return stage.service.queuedCount === 0;
        },
        expectEffect: async () => {
          await stage.expectLedger([], 0);
          await stage.expectVerdicts(["failed"]);
        },
      };
    },
  },
  {
    name: "an erasure",
    coupons: "embedded",
    arrange: async (stage) => {
      await stage.process(stage.order());
      await stage.grant();
      const path = `/reward-points/customer/${stage.customerId}`;
      return stage.request("DELETE", path, { end: 200, isKeyed: false }, async () => {
        await stage.expectLedger([], 0);
        expect(await stage.stored("payloads")).toEqual([]);
      });
    },
  },
  {
    name: "a customer who is deleted in the shop",
    coupons: "embedded",
    arrange: async (stage) => {
      await stage.process(stage.order());
      const payload = { customerNumber: stage.customerId, tenant: stage.tenant };
      return stage.event({ type: "customer.deleted", payload }, async () => {
        await stage.expectLedger([], 0);
        expect(await stage.stored("payloads")).toEqual([]);
      });
    },
  },
  {
    name: "points that expire",
    coupons: "embedded",
    arrange: async (stage) => {
      await stage.grant();
      const soon = new Date(Date.now() + 1_000).toISOString();
      const path = `/reward-points/customer/${stage.customerId}/addPoints`;
      await stage.manage("POST", path, { points: 5, validUntil: soon });
      vi.setSystemTime(Date.now() + 2_000);
      return {
        attempt: async () => {
          const answer = await stage.service.execute(stage.key, {
            id: crypto.randomUUID() as CommandId,
            actor: "system:test" as Actor,
            intent: { kind: "expire" },
            fingerprint: "expire",
            idempotencyKey: null,
          });
          return answer !== noAnswer && answer.result.ok;
        },
        expectEffect: () => stage.expectLedger(["opened", "granted", "granted", "expired"], given),
      };
    },
  },
  {
    name: "a coupon that is used at a checkout",
    coupons: "embedded",
    arrange: async (stage) => {
      const code = await stage.buy();
      const path = `/coupon/${stage.tenant}/coupons/${code}/redemptions`;
      const money = (amount: number) => ({ amount, currency: "EUR" });
      const json = { orderCode: "O-1", orderTotal: money(100), discount: money(10) };
      return stage.request("POST", path, { json, end: 201 }, async ({ body }) => {
        const uses = "select count(*) as count from coupon_uses where tenant = ? and use_id = ?";
        expect(await stage.count(uses, (body as { id: string }).id)).toBe(1);
        const used = "select redemption_count as count from coupons where tenant = ? and code = ?";
        expect(await stage.count(used, code)).toBe(1);
      });
    },
  },
  {
    name: "a coupon's use that is given back",
    coupons: "embedded",
    arrange: async (stage) => {
      const code = await stage.buy();
      const uses = `/coupon/${stage.tenant}/coupons/${code}/redemptions`;
      const { body } = await stage.manage("POST", uses, { orderTotal: { amount: 100 }, discount: { amount: 10 } });
      const path = `${uses}/${(body as { id: string }).id}`;
      return stage.request("DELETE", path, { end: 204, endOfRepetition: 404, isKeyed: false }, async () => {
        const used = "select redemption_count as count from coupons where tenant = ? and code = ?";
        expect(await stage.count(used, code)).toBe(0);
      });
    },
  },
  {
    name: "a coupon that is deleted",
    coupons: "embedded",
    arrange: async (stage) => {
      const path = `/coupon/${stage.tenant}/coupons/${await stage.buy()}`;
      return stage.request("DELETE", path, { end: 204, endOfRepetition: 404, isKeyed: false }, async () => {
        const { body } = await stage.manage("GET", `${path}?includeDeleted=true`).catch(() => ({ body: null }));
        expect(body).toBeNull();
        await stage.expectLedger(["opened", "granted", "redeemed"], given - price);
      });
    },
  },
  {
    name: "a new redeem option",
    coupons: "embedded",
    arrange: async (stage) => {
      const path = `/reward-points/${stage.tenant}/redeemOptions`;
      const name = `Of ${stage.customerId}`;
      return stage.request("POST", path, { json: optionOf(undefined, { name }), end: 200 }, async () => {
        const named = "select count(*) as count from redeem_options where tenant = ? and name = ?";
        expect(await stage.count(named, name)).toBe(1);
      });
    },
  },
  {
    name: "a redeem option that is changed",
    coupons: "embedded",
    arrange: async (stage) => {
      const id = `option-${stage.customerId}`;
      await stage.manage("POST", `/reward-points/${stage.tenant}/redeemOptions`, optionOf(id));
      const path = `/reward-points/${stage.tenant}/redeemOptions/${id}`;
      const json = optionOf(undefined, { name: "Changed", metadata: { version: 1 } });
      return stage.request("PUT", path, { json, end: 200, isKeyed: false }, async () => {
        const changed = "select count(*) as count from redeem_options where tenant = ? and id = ? and name = 'Changed'";
        expect(await stage.count(changed, id)).toBe(1);
      });
    },
  },
  {
    name: "a redeem option that is deleted",
    coupons: "embedded",
    arrange: async (stage) => {
      const id = `option-${stage.customerId}`;
      await stage.manage("POST", `/reward-points/${stage.tenant}/redeemOptions`, optionOf(id));
      const path = `/reward-points/${stage.tenant}/redeemOptions/${id}`;
      return stage.request("DELETE", path, { end: 204, isKeyed: false }, async () => {
        expect(await stage.count("select count(*) as count from redeem_options where tenant = ? and id = ?", id)).toBe(
          0,
        );
      });
    },
  },
  {
    name: "settings that are put up",
    coupons: "embedded",
    arrange: async (stage) => {
      const json = { couponSettings: { rewardpoints: { enabled: true, orderValueToRewardPointsFactor: 1 } } };
      const path = `/site/${stage.tenant}/sites/${stage.customerId}/mixins`;
      return stage.request("POST", path, { json, end: 201 }, () =>
        expectMixin(stage, '{"rewardpoints":{"enabled":true,"orderValueToRewardPointsFactor":1}}'),
      );
    },
  },
  {
    name: "settings that are replaced",
    coupons: "embedded",
    arrange: async (stage) => {
      const mixins = `/site/${stage.tenant}/sites/${stage.customerId}/mixins`;
      await stage.manage("POST", mixins, {
        couponSettings: { rewardpoints: { enabled: true, orderValueToRewardPointsFactor: 1 } },
      });
      const json = { rewardpoints: { enabled: false } };
      return stage.request("PUT", `${mixins}/couponSettings`, { json, end: 200, isKeyed: false }, () =>
        expectMixin(stage, '{"rewardpoints":{"enabled":false}}'),
      );
    },
  },
  {
    name: "settings that are changed in part",
    coupons: "embedded",
    arrange: async (stage) => {
      const mixins = `/site/${stage.tenant}/sites/${stage.customerId}/mixins`;
      await stage.manage("POST", mixins, {
        couponSettings: { rewardpoints: { enabled: true, orderValueToRewardPointsFactor: 1 } },
      });
      const json = { rewardpoints: { codePrefix: "XY" } };
      return stage.request("PATCH", `${mixins}/couponSettings`, { json, end: 200, isKeyed: false }, () =>
        expectMixin(stage, '{"rewardpoints":{"enabled":true,"orderValueToRewardPointsFactor":1,"codePrefix":"XY"}}'),
      );
    },
  },
  {
    name: "settings that are deleted",
    coupons: "embedded",
    arrange: async (stage) => {
      const mixins = `/site/${stage.tenant}/sites/${stage.customerId}/mixins`;
      await stage.manage("POST", mixins, {
        couponSettings: { rewardpoints: { enabled: true, orderValueToRewardPointsFactor: 1 } },
      });
      const more = { end: 204, endOfRepetition: 404, isKeyed: false };
      return stage.request("DELETE", `${mixins}/couponSettings`, more, () => expectMixin(stage, null));
    },
  },
  {
    name: "a default site that is created with settings",
    coupons: "embedded",
    arrange: async (stage) => {
      const json = { ...rightSite, code: stage.customerId, default: true, mixins: { couponSettings: settingsOff } };
      return stage.request("POST", `/site/${stage.tenant}/sites`, { json, end: 201 }, async () => {
        await expectSite(stage, rightSite.name);
        await expectMixin(stage, JSON.stringify(settingsOff));
      });
    },
  },
  {
    name: "a site that is changed with its settings",
    coupons: "embedded",
    arrange: async (stage) => {
      const sites = `/site/${stage.tenant}/sites`;
      await stage.manage("POST", sites, { ...rightSite, code: stage.customerId });
      const json = { name: "Changed", mixins: { couponSettings: settingsOff } };
      const more = { json, end: 200, isKeyed: false };
      return stage.request("PATCH", `${sites}/${stage.customerId}`, more, async () => {
        await expectSite(stage, "Changed");
        await expectMixin(stage, JSON.stringify(settingsOff));
        const path = `${sites}?includeInactive=true&expand=mixin:*&pageSize=1000`;
        const { body } = await stage.manage("GET", path);
        const shown = (body as readonly { code: string }[]).find(({ code }) => code === stage.customerId);
        expect(shown).toMatchObject({ name: "Changed", mixins: { couponSettings: settingsOff } });
      });
    },
  },
  {
    name: "a site that is deleted",
    coupons: "embedded",
    arrange: async (stage) => {
      const sites = `/site/${stage.tenant}/sites`;
      const json = { ...rightSite, code: stage.customerId, mixins: { couponSettings: settingsOff } };
      await stage.manage("POST", sites, json);
      const more = { end: 204, endOfRepetition: 404, isKeyed: false };
      return stage.request("DELETE", `${sites}/${stage.customerId}`, more, async () => {
        await expectSite(stage, null);
        await expectMixin(stage, null);
      });
    },
  },
];

/** The stored details of the site that is named after the customer. */
const expectSite = async ({ tenant, customerId }: Stage, name: string | null): Promise<void> => {
  const statement = env.DB.prepare("select details ->> '$.name' as name from sites where tenant = ? and site_code = ?");
  expect(await statement.bind(tenant, customerId).first("name")).toBe(name);
};

async function expectMixin({ tenant, customerId }: Stage, text: string | null): Promise<void> {
  const statement = env.DB.prepare("select value from site_mixins where tenant = ? and site_code = ?");
  expect(await statement.bind(tenant, customerId).first("value")).toBe(text);
}
