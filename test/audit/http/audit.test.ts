import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import type { Finding } from "../../../src/audit/rules/audit.ts";
import { D1FindingStore } from "../../../src/audit/storage/finding-store.ts";
import type { SweepPosition } from "../../../src/audit/use-cases/ports.ts";
import { verifyLedger } from "../../../src/audit/use-cases/verify-ledger.ts";
import { verifyLedgers } from "../../../src/audit/use-cases/verify-ledgers.ts";
import { ledgerName } from "../../../src/ledger/objects/ledger-name.ts";
import type { LedgerKey } from "../../../src/ledger/rules/ledger-key.ts";
import { D1LedgerBooks } from "../../../src/ledger/storage/ledger-books.ts";
import type { Context, Services } from "../../../src/platform/http/services.ts";
import { StoreUnavailable } from "../../../src/platform/runtime/store-errors.ts";
import { systemClock } from "../../../src/platform/runtime/system-clock.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";
import { TenantDatabases } from "../../../src/tenants/storage/tenant-databases.ts";
import { keyOf } from "../../support/ledger/ledgers.ts";
import { call, Shop } from "../../support/shop.ts";

interface Line {
  readonly kind: string;
  readonly change: number;
  readonly balance: number;
  readonly text: string;
  readonly actor: string | null;
  readonly reason: string | null;
}

let shop: Shop;
let customers = 0;
let customerId: string;

beforeAll(async () => {
  shop = await Shop.open();
});

/** A customer with 100 points, of whom 30 are redeemed. */
async function newCustomer(): Promise<string> {
  customers += 1;
  customerId = `Anna ${customers}`;
  const path = `/reward-points/customer/${encodeURIComponent(customerId)}`;
  expect(
    (await shop.manage("POST", `${path}/addPoints`, { id: "g1", points: 100, "reference-id": "EON1" })).status,
  ).toBe(201);
  expect((await shop.manage("POST", `${path}/redeemPoints`, { id: "r1", points: 30 })).status).toBe(201);
  return path;
}

const verify = async (path: string) => (await shop.manage("GET", `${path}/verify`)).body as Record<string, unknown>;

describe("the verification of a ledger", () => {
  test("finds nothing in a ledger as the service keeps it", async () => {
    const path = await newCustomer();
    expect(await shop.manage("GET", `${path}/verify`)).toMatchObject({
      status: 200,
      body: {
        customerId,
        sound: true,
        entries: 3,
        head: expect.stringMatching(/^[0-9a-f]{64}$/),
        activePoints: 70,
        findings: [],
      },
    });
  });

  test("finds that a past entry was changed, and which one; keeps the finding, and repairs nothing", async () => {
    const path = await newCustomer();
    const { head } = await verify(path);
    await withoutTriggers(() =>
      env.DB.prepare("update ledger_entries set points = 1000 where tenant = ? and customer_id = ? and sequence = 2")
        .bind(shop.tenant, customerId)
        .run(),
    );
    const findings = [
      { kind: "broken-seal", sequence: 2, message: "Entry 2 has changed since it was written." },
      { kind: "impossible-entry", sequence: 2, message: expect.any(String) },
      { kind: "wrong-answer", sequence: null, message: expect.any(String) },
    ];
    expect(await verify(path)).toMatchObject({ sound: false, head, findings });
    expect(await verify(path)).toMatchObject({ sound: false, head, findings });
    const kept = await env.DB.prepare("select kind, sequence from ledger_findings where tenant = ? and customer_id = ?")
      .bind(shop.tenant, customerId)
      .all();
    expect(kept.results).toEqual([
      { kind: "broken-seal", sequence: 2 },
      { kind: "impossible-entry", sequence: 2 },
      { kind: "wrong-answer", sequence: 0 },
    ]);
  });

  test("finds that the last entry was cut off with everything that it had done", async () => {
    const path = await newCustomer();
    await env.DB.batch(
      ["ledger_entries where sequence = 3 and", "lot_usages where sequence = 3 and"].map((what) =>
        env.DB.prepare(`delete from ${what} tenant = ? and customer_id = ?`).bind(shop.tenant, customerId),
      ),
    );
    await env.DB.prepare("update lots set used_points = 0 where tenant = ? and customer_id = ?")
      .bind(shop.tenant, customerId)
      .run();
    expect(await verify(path)).toMatchObject({
      sound: false,
      findings: [{ kind: "wrong-standing" }, { kind: "wrong-standing" }, { kind: "wrong-answer" }],
    });
  });

  test("of a customer without a ledger is not found", async () => {
    expect((await shop.manage("GET", "/reward-points/customer/nobody/verify")).status).toBe(404);
  });

  test("sees a ledger through everything that can be done with it", async () => {
    const path = await newCustomer();
    const token = await shop.customerToken(customerId);
    const json = { id: await shop.addOption(20) };
    const redeemed = await call("POST", "/reward-points/public/customer/redeem", { token, json });
    expect(redeemed.status).toBe(200);
    expect(await verify(path)).toMatchObject({ sound: true, activePoints: 50 });
    const { code } = redeemed.body as { code: string };
    const givenBack = await call("DELETE", `/reward-points/public/customer/coupons/${code}`, { token });
    expect([givenBack.status, await verify(path)]).toMatchObject([expect.any(Number), { sound: true }]);
    await shop.manage("DELETE", path);
    expect((await shop.manage("GET", `${path}/verify`)).status).toBe(404);
    await newCustomer();
    expect(await verify(`/reward-points/customer/${encodeURIComponent(customerId)}`)).toMatchObject({ sound: true });
  });
});

describe("what a ledger's object answers", () => {
  /** A customer to whom `meanwhile` happens whenever the books have been read, and whose object answers `more` than it has. */
  const verified = async (meanwhile: () => Promise<unknown>, more: number) => {
    const key = keyOf(shop.tenant, customerId);
    const books = new D1LedgerBooks(TenantDatabases.one(env.DB));
    const kept: unknown[] = [];
    const services = {
      clock: systemClock,
      log: { error: () => {} },
      ledgerFindings: { keep: (_: unknown, findings: unknown) => Promise.resolve(void kept.push(findings)) },
      ledgerBooks: {
        read: async () => {
          const read = await books.read(key);
          await meanwhile();
          return read;
        },
      },
      ledgers: {
        activePoints: async () => {
          const points = await env.CUSTOMER_LEDGER.getByName(ledgerName(key)).activePoints();
          return points.ok ? { ok: true, value: points.value + more } : points;
        },
      },
    } as unknown as Services;
    const context = { services, principal: { tenant: shop.tenant } } as unknown as Context;
    const verification = await verifyLedger(context, key.customerId);
    return { findings: verification.ok ? verification.value.findings : null, kept };
  };

  test("is not wrong because the customer goes on while it is compared", async () => {
    const path = await newCustomer();
    const goesOn = () => shop.manage("POST", `${path}/redeemPoints`, { points: 1 });
    expect(await verified(goesOn, 0)).toEqual({ findings: [], kept: [] });
  });

  test("is wrong when nothing has come in between", async () => {
    await newCustomer();
    const finding = { kind: "wrong-answer", sequence: null, message: expect.stringContaining("71") };
    expect(await verified(() => Promise.resolve(), 1)).toEqual({ findings: [finding], kept: [[finding]] });
  });
});

describe("a ledger whose books do not add up", () => {
  test("takes no commands and tells no balance, and nothing of it is changed", async () => {
    const path = await newCustomer();
    await env.DB.prepare("update ledgers set points = points + 1 where tenant = ? and customer_id = ?")
      .bind(shop.tenant, customerId)
      .run();
    await evictDurableObject(env.CUSTOMER_LEDGER.getByName(ledgerName(keyOf(shop.tenant, customerId))));
    const before = await storedOf(customerId);
    expect((await shop.manage("POST", `${path}/addPoints`, { points: 1 })).status).toBe(500);
    expect((await shop.manage("GET", path)).status).toBe(500);
    expect(await storedOf(customerId)).toEqual(before);
  });
});

const storedOf = async (customer: string) => {
  const rows = await env.DB.prepare("select * from ledger_entries where tenant = ? and customer_id = ?")
    .bind(shop.tenant, customer)
    .all();
  return rows.results;
};

describe("the explanation of a balance", () => {
  test("tells an employee and the customer the same, but only the employee who was at it and why", async () => {
    const path = await newCustomer();
    const explained = await shop.manage("GET", `${path}/explain?asOf=2100-01-01T00:00:00Z`);
    expect(explained).toMatchObject({
      status: 200,
      body: {
        customerId,
        asOf: "2100-01-01T00:00:00.000Z",
        balance: 70,
        owedPoints: 0,
        lots: [
          {
            id: "g1",
            "reference-id": "EON1",
            points: 100,
            validUntil: null,
            usedPoints: 30,
            expiredPoints: 0,
            remainingPoints: 70,
            usedBy: [{ id: "r1", points: 30 }],
          },
        ],
      },
    });
    const { lines } = explained.body as { lines: readonly Line[] };
    expect(lines.map(({ kind, change, balance }) => [kind, change, balance])).toEqual([
      ["opened", 0, 0],
      ["granted", 100, 100],
      ["redeemed", -30, 70],
    ]);
    const own = await call("GET", "/reward-points/public/customer/explain?asOf=2100-01-01T00:00:00Z", {
      token: await shop.customerToken(customerId),
    });
    expect(lines.map(({ actor, reason }) => [actor, reason])).toEqual([
      ["client:backoffice/user:test", null],
      ["client:backoffice/user:test", null],
      ["client:backoffice/user:test", null],
    ]);
    const unattributed = lines.map(({ actor: _actor, reason: _reason, ...line }) => line);
    expect(own.body).toEqual({ ...(explained.body as object), lines: unattributed });
    expect(JSON.stringify(own.body)).not.toContain("backoffice");
  });

  test("as of a moment before the first entry is empty, and a moment that is none is refused", async () => {
    const path = await newCustomer();
    expect((await shop.manage("GET", `${path}/explain?asOf=2000-01-01T00:00:00Z`)).body).toMatchObject({
      balance: 0,
      lots: [],
      lines: [],
    });
    for (const asOf of ["yesterday", "2026-13-01T00:00:00Z", ""]) {
      const refused = await shop.manage("GET", `${path}/explain?asOf=${asOf}`);
      expect(refused).toMatchObject({ status: 400, body: { details: [{ field: "asOf" }] } });
    }
  });

  test("of a customer whose erased ledger has left an exchange under way is not found", async () => {
    await env.DB.prepare(
      "insert into exchanges values (?, 'erased', 'X', 'T-X', 'TX', 'O', '{}', 'PENDING', null, 1, 1)",
    )
      .bind(shop.tenant)
      .run();
    expect((await shop.manage("GET", "/reward-points/customer/erased/explain")).status).toBe(404);
    await env.DB.prepare("delete from exchanges where customer_id = 'erased'").run();
  });

  test("of a customer without a ledger is not found for an employee, and empty for the customer", async () => {
    expect((await shop.manage("GET", "/reward-points/customer/nobody/explain")).status).toBe(404);
    const token = await shop.customerToken("nobody");
    expect(await call("GET", "/reward-points/public/customer/explain", { token })).toMatchObject({
      status: 200,
      body: { customerId: "nobody", balance: 0, lots: [], lines: [] },
    });
  });
});

describe("findings that are kept", () => {
  const store = () => new D1FindingStore(TenantDatabases.one(env.DB));
  const lot = (id: string): Finding => ({ kind: "wrong-lot", sequence: null, message: `Lot ${id} is missing.` });
  /** Findings are kept of ledgers that there are. */
  const opened = async (customer: string): Promise<LedgerKey> => {
    expect((await shop.manage("POST", `/reward-points/customer/${encodeURIComponent(customer)}`, {})).status).toBe(200);
    return keyOf(shop.tenant, customer);
  };
  const keptOf = async (key: LedgerKey) => {
    const text = `select kind, sequence, message, first_found_at, last_found_at from ledger_findings
      where tenant = ? and customer_id = ? order by kind, sequence`;
    return (await env.DB.prepare(text).bind(key.tenant, key.customerId).raw()).map((row) => [...row]);
  };

  test("do not take each other's place, whether they are found together or one after the other", async () => {
    const key = await opened("found");
    await store().keep(key, [lot("A"), lot("B")], 1 as EpochMs);
    await store().keep(key, [lot("C"), lot("B")], 2 as EpochMs);
    const message = "Lot A is missing. Lot B is missing. Lot C is missing.";
    expect(await keptOf(key)).toEqual([["wrong-lot", 0, message, 1, 2]]);
  });

  test("of one kind leave room for those of others, and a row has an end", async () => {
    const key = await opened("found often");
    const seals = Array.from(
      { length: 150 },
      (_, index): Finding => ({ kind: "broken-seal", sequence: index + 1, message: "Broken." }),
    );
    await store().keep(key, [...seals, lot("A")], 1 as EpochMs);
    for (const id of ["B", "C"]) await store().keep(key, [lot(id.repeat(20_000))], 2 as EpochMs);
    const kept = await keptOf(key);
    expect(kept).toHaveLength(101);
    expect(kept.at(-1)).toEqual(["wrong-lot", 0, `Lot A is missing. Lot ${"B".repeat(20_000)} is missing.`, 1, 2]);
  });
});

describe("the verification of all ledgers", () => {
  test("goes on where it ended, finds what is wrong wherever it is, and begins again", async () => {
    const lines: string[] = [];
    const services = {
      ledgerBooks: new D1LedgerBooks(TenantDatabases.one(env.DB)),
      ledgerFindings: new D1FindingStore(TenantDatabases.one(env.DB)),
      clock: systemClock,
      log: {
        info: (event: string) => void lines.push(event),
        warn: (event: string) => void lines.push(event),
        error: (event: string) => void lines.push(event),
      },
    } as unknown as Services;
    const other = await Shop.open();
    await Promise.all(Array.from({ length: 60 }, (_, index) => other.addPoints(`C${index}`, 10)));
    await env.DB.prepare("delete from ledgers where tenant = ? and customer_id = 'C7'").bind(other.tenant).run();
    await env.DB.prepare("delete from ledger_entries where tenant = ? and customer_id = 'C8'").bind(other.tenant).run();
    // Of one there is nothing but what it had to give, of another nothing but a coupon, and of a third an exchange.
    const { tenant } = other;
    await env.DB.batch([
      env.DB.prepare("insert into lots values (?, 'only-lots', 'l', 10, 0, 0, null, 0)").bind(tenant),
      env.DB.prepare(
        `insert into coupons (tenant, canonical_code, code, definition, issued_to, issued_at, exchange_id, redeem_option_id, redemption_count)
          values (?, 'STRAY', 'STRAY', '{"maxRedemptions":1}', 'only-coupons', 0, 'r', 'o', 0)`,
      ).bind(tenant),
      env.DB.prepare(
        "insert into exchanges values (?, 'only-exchanges', 'e', 'X', 'X', 'o', '{}', 'ISSUED', null, 0, 0)",
      ).bind(tenant),
    ]);
    const findings = async () => {
      const text = "select distinct customer_id from ledger_findings where tenant = ? order by customer_id";
      return (await env.DB.prepare(text).bind(other.tenant).all<{ customer_id: string }>()).results;
    };
    const all = await env.DB.prepare("select count(*) as count from ledgers").first<{ count: number }>();
    const { verified } = await verifyLedgers(services);
    // Those without a row of their own are looked at, too.
    expect(verified).toBe((all?.count ?? 0) + 4);
    const wrong = ["C7", "C8", "only-coupons", "only-exchanges", "only-lots"];
    expect((await findings()).map(({ customer_id }) => customer_id)).toEqual(wrong);
    expect(lines).toContain("ledger_findings");
    expect(lines.at(-1)).toBe("ledgers_verified_round");
    expect((await verifyLedgers(services)).verified).toBe(verified);
  });

  test("goes on behind a ledger that cannot be read, of which the log names nobody", async () => {
    for (let count = 0; count < 4; count += 1) {
      await newCustomer();
      const harm = "update ledgers set points = points + 1 where tenant = ? and customer_id = ?";
      await env.DB.prepare(harm).bind(shop.tenant, customerId).run();
    }
    const books = new D1LedgerBooks(TenantDatabases.one(env.DB));
    const all = await books.keysAfter(null, 10_000);
    const read: LedgerKey[] = [];
    const lines: unknown[][] = [];
    const write = (...line: unknown[]) => void lines.push(line);
    let place: SweepPosition | null = null;
    const services = {
      ledgerBooks: {
        keysAfter: (after: LedgerKey | null, limit: number) => books.keysAfter(after, limit),
        read: (key: LedgerKey) => {
          read.push(key);
          return read.length % 2 === 0 ? Promise.reject(new StoreUnavailable(key.customerId)) : books.read(key);
        },
      },
      ledgerFindings: {
        position: async () => place,
        moveTo: async (position: SweepPosition) => {
          place = position;
        },
        keep: async () => {},
      },
      clock: systemClock,
      log: { info: write, warn: write, error: write },
    } as unknown as Services;
    await expect(verifyLedgers(services)).resolves.toMatchObject({ verified: all.length });
    expect(read).toEqual(all);
    expect(lines.map(([event]) => event)).toContain("ledger_findings");
    expect(lines.filter(([event]) => event === "ledger_not_verified")).toHaveLength(Math.floor(all.length / 2));
    const told = JSON.stringify(lines);
    expect(all.filter(({ customerId: some }) => some.length > 3 && told.includes(some))).toEqual([]);
  });

  test("takes up the round after the last ledger of the slice before", async () => {
    const books = new D1LedgerBooks(TenantDatabases.one(env.DB));
    const all = await books.keysAfter(null, 1_000);
    const store = new D1FindingStore(TenantDatabases.one(env.DB));
    const [, second] = all;
    await store.moveTo({ after: second ?? null, roundStartedAt: systemClock.now() }, systemClock.now());
    const position = await store.position();
    expect(position?.after).toEqual(second);
    expect(await books.keysAfter(position?.after ?? null, 1_000)).toEqual(all.slice(2));
  });
});

/** Who tampers with the database does not ask its triggers. */
async function withoutTriggers(act: () => Promise<unknown>): Promise<void> {
  const { results } = await env.DB.prepare("select name, sql from sqlite_master where type = 'trigger'").all<{
    name: string;
    sql: string;
  }>();
  await env.DB.batch(results.map(({ name }) => env.DB.prepare(`drop trigger ${name}`)));
  await act();
  await env.DB.batch(results.map(({ sql }) => env.DB.prepare(sql)));
}
