import { env } from "cloudflare:workers";
import { and, eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { audit } from "../../src/audit/rules/audit.ts";
import { LedgerTurn } from "../../src/ledger/objects/ledger-turn.ts";
import type { Intent } from "../../src/ledger/rules/command.ts";
import type { LedgerKey } from "../../src/ledger/rules/ledger-key.ts";
import { ownedBy } from "../../src/ledger/storage/conditions.ts";
import { D1LedgerBooks } from "../../src/ledger/storage/ledger-books.ts";
import { D1LedgerStore } from "../../src/ledger/storage/ledger-store.ts";
import { sealOf } from "../../src/ledger/storage/seal.ts";
import { ledgerEntries } from "../../src/ledger/storage/tables.ts";
import type { LedgerHead } from "../../src/ledger/use-cases/ports.ts";
import type { EntryId } from "../../src/platform/values/identifiers.ts";
import type { EpochMs } from "../../src/platform/values/time.ts";
import { TenantDatabases } from "../../src/tenants/storage/tenant-databases.ts";
import {
  anyHistory,
  commandOf,
  earn,
  exchange,
  givingBack,
  grant,
  keyOf,
  redeem,
  settle,
} from "../support/ledger/ledgers.ts";
import { report, seed, sized } from "../support/verification.ts";

type Value = string | number | null;
type Row = Readonly<Record<string, Value>>;

interface Table {
  /** The column that says whose row it is. */
  readonly owner: "customer_id" | "issued_to";
  /** What is no part of the ledger's story, and may change without it. */
  readonly unsealed: readonly string[];
}

/** All that is stored of a ledger. */
const tables: Readonly<Record<string, Table>> = {
  ledgers: { owner: "customer_id", unsealed: [] },
  ledger_entries: { owner: "customer_id", unsealed: [] },
  lots: { owner: "customer_id", unsealed: [] },
  lot_usages: { owner: "customer_id", unsealed: [] },
  // A merchant may delete a coupon; when that was, and when it was given back, no entry tells.
  // What only merchants' coupons have is no part of a ledger.
  coupons: { owner: "issued_to", unsealed: ["deleted_at", "given_back_at", "holder", "is_referral", "version"] },
  // Why a coupon was not issued, and when the exchange last went on, no entry tells.
  exchanges: { owner: "customer_id", unsealed: ["reason", "updated_at"] },
};

/** How far an exchange has come is no part of the story either, but that its points came back is. */
const progress: ReadonlySet<string> = new Set(["PENDING", "ISSUED", "VOIDING"]);

const customers = 4;
const keys: readonly LedgerKey[] = Array.from({ length: customers }, (_, index) => keyOf("tampered", `C${index}`));
const books = new D1LedgerBooks(TenantDatabases.one(env.DB));

const findingsOf = async (key: LedgerKey) => {
  const read = await books.read(key);
  return read === null ? null : audit(read.books).findings;
};

const rowsIn = async (table: string, key: LedgerKey): Promise<Row[]> => {
  const owner = tables[table]?.owner ?? "customer_id";
  const statement = env.DB.prepare(`select * from ${table} where tenant = ? and ${owner} = ?`);
  return (await statement.bind(key.tenant, key.customerId).all<Row>()).results;
};

const insertion = (table: string, row: Readonly<Record<string, Value | undefined>>): D1PreparedStatement => {
  const columns = Object.keys(row);
  const marks = columns.map(() => "?");
  const text = `insert into ${table} (${columns.join(", ")}) values (${marks.join(", ")})`;
  return env.DB.prepare(text).bind(...Object.values(row).map((value) => value ?? null));
};

const deletion = (table: string, key: LedgerKey): D1PreparedStatement =>
  env.DB.prepare(`delete from ${table} where tenant = ? and ${tables[table]?.owner} = ?`).bind(
    key.tenant,
    key.customerId,
  );

/** A ledger in which everything has happened, and more by chance. */
async function live(key: LedgerKey): Promise<void> {
  let now = Date.parse("2026-05-11T12:00:00Z");
  const surroundings = {
    store: new D1LedgerStore(env.DB),
    clock: { now: () => now as EpochMs },
    log: { info: () => {}, warn: () => {}, error: () => {} },
    newCouponSuffix: () => crypto.randomUUID().slice(24).toUpperCase(),
    pause: () => Promise.resolve(),
  };
  const turn = new LedgerTurn(key, surroundings);
  const does = async (intent: Intent) => {
    now += 10;
    const { result } = await turn.execute(commandOf(intent));
    return result.ok ? result.value : null;
  };
  await does(grant(500, { referenceId: "first", description: "A start" }));
  await does(grant(50, { validUntil: (now + 1_000) as EpochMs }));
  const order = `${key.customerId}-order`;
  await does(earn(order, 200));
  await does(redeem(60));
  const sold = await does(exchange(30));
  await does(exchange(20));
  if (sold?.kind === "exchanged") await does(givingBack(sold.couponCode));
  await does(settle(order, 200, 150, { policy: "negative", returnId: "R1" }));
  await does(settle(order, 200, 180, { policy: "negative", returnId: "R1" }));
  const elsewhere = exchange(10);
  if (elsewhere.kind === "exchange" && elsewhere.terms.ok) {
    for (const to of ["ISSUED", "REFUSED"] as const) {
      const terms = { ok: true, value: { ...elsewhere.terms.value, issuer: "upstream" } } as const;
      const reserved = await does({ kind: "exchange", terms });
      const id = (reserved?.kind === "reserved" ? reserved.exchangeId : "") as EntryId;
      await does({ kind: "advance-exchange", step: { id, from: "PENDING", to, reason: null } });
    }
  }
  now += 2_000;
  await does({ kind: "expire" });
  const [more = []] = fc.sample(anyHistory, { numRuns: 1, seed: seed + Number(key.customerId.slice(1)) });
  for (const step of more) {
    now += step.afterMs;
    const intent = step.intentAt(now as EpochMs);
    // Orders are the tenant's, and would be another ledger's.
    if (!["erase", "earn", "adjust-order"].includes(intent.kind)) await does(intent);
  }
}

const anyTamper = fc.record({
  customer: fc.nat({ max: customers - 1 }),
  table: fc.constantFrom(...Object.keys(tables)),
  row: fc.nat(),
  other: fc.nat(),
  column: fc.nat(),
  act: fc.constantFrom("change", "change", "change", "delete", "swap", "insert"),
  value: fc.oneof(
    fc.constantFrom<Value>(null, "", 0, 1, -1, "granted", "redeemed", "expired", "ISSUED", "REFUSED", "embedded"),
    fc.integer({ min: -10, max: 1_000 }),
    fc.string({ maxLength: 8 }),
  ),
});

type Tamper = typeof anyTamper extends fc.Arbitrary<infer T> ? T : never;

/** What a tamper makes of a table's rows; null when it changes nothing that belongs to the ledger. */
function tampered(table: string, rows: readonly Row[], tamper: Tamper): Row[] | null {
  const index = tamper.row % rows.length;
  const row = rows[index];
  const other = rows[tamper.other % rows.length];
  if (row === undefined || other === undefined) return null;
  const unsealed = tables[table]?.unsealed ?? [];
  const columns = Object.keys(row).filter((column) => !unsealed.includes(column));
  const column = columns[tamper.column % columns.length] ?? "";
  const old = row[column] ?? null;
  const isProgress = (state: Value): boolean => tamper.table === "exchanges" && progress.has(String(state));
  const given = typeof old === "string" && tamper.value !== null ? String(tamper.value) : tamper.value;
  switch (tamper.act) {
    case "delete":
      return rows.toSpliced(index, 1);
    case "insert":
      return [...rows, { ...row, [column]: given }];
    case "swap": {
      const there = other[column] ?? null;
      if (there === old || (isProgress(old) && isProgress(there))) return null;
      return rows.map((some) =>
        some === row ? { ...row, [column]: there } : some === other ? { ...other, [column]: old } : some,
      );
    }
    default: {
      // A number that is a little off is harder to see than one that is of another kind.
      const value = typeof old === "number" && typeof given === "number" ? old + given : given;
      return value === old || (isProgress(old) && isProgress(value))
        ? null
        : rows.with(index, { ...row, [column]: value });
    }
  }
}

beforeAll(async () => {
  for (const key of keys) await live(key);
  // Who tampers does not ask the service, and is stopped by none of the checks.
  const checks = "select name from sqlite_master where type = 'trigger'";
  const { results } = await env.DB.prepare(checks).all<{ name: string }>();
  await env.DB.batch(results.map(({ name }) => env.DB.prepare(`drop trigger ${name}`)));
});

test("a ledger that nobody has touched has no findings", async () => {
  for (const key of keys) {
    expect(await findingsOf(key)).toEqual([]);
    for (const table of Object.keys(tables)) expect(await rowsIn(table, key)).not.toEqual([]);
  }
});

test("whatever is changed, deleted, swapped or inserted in what is stored of a ledger is found", async () => {
  let [found, refused] = [0, 0];
  await fc.assert(
    fc.asyncProperty(anyTamper, async (tamper) => {
      const key = keys[tamper.customer % keys.length] ?? keyOf("tampered", "C0");
      const before = await rowsIn(tamper.table, key);
      const after = tampered(tamper.table, before, tamper);
      fc.pre(after !== null);
      const write = (rows: readonly Row[]) =>
        env.DB.batch([deletion(tamper.table, key), ...rows.map((row) => insertion(tamper.table, row))]);
      try {
        await write(after);
      } catch {
        refused += 1;
        fc.pre(false);
      }
      // The text of a number is stored as the number.
      fc.pre(JSON.stringify(await rowsIn(tamper.table, key)) !== JSON.stringify(before));
      // A row may have become somebody else's.
      const strangers = after.filter((row) => !before.includes(row));
      const concerned = [key, ...strangers.map((row) => ownerOf(tamper.table, row))];
      const findings = await Promise.all(concerned.map(findingsOf));
      await env.DB.batch([
        ...strangers.map((row) => exactDeletion(tamper.table, row)),
        deletion(tamper.table, key),
        ...before.map((row) => insertion(tamper.table, row)),
      ]);
      expect(findings.flatMap((some) => some ?? [])).not.toEqual([]);
      found += 1;
    }),
    { seed, numRuns: sized(100, 1_000), maxSkipsPerRun: 1_000 },
  );
  for (const key of keys) expect(await findingsOf(key)).toEqual([]);
  report("tampering", found, `of ${found} found, ${refused} more refused by the database`);
}, 120_000);

test("an entry that is rewritten with its own seal breaks the next one", async () => {
  const key = keyOf("tampered", "rewritten");
  await live(key);
  const database = drizzle(env.DB);
  const [, second, third] = await database.select().from(ledgerEntries).where(ownedBy(ledgerEntries, key));
  if (second === undefined || third === undefined) throw new Error("There are too few entries.");
  const { tenant: _tenant, customerId: _customerId, previousSeal, seal: _seal, ...row } = second;
  const rewritten = { ...row, description: "What it never said" };
  const seal = sealOf(key, { row: rewritten, draws: [], coupon: null }, previousSeal as LedgerHead);
  const isAt = (sequence: number) => and(ownedBy(ledgerEntries, key), eq(ledgerEntries.sequence, sequence));
  await database.update(ledgerEntries).set({ description: rewritten.description, seal }).where(isAt(row.sequence));
  await database.update(ledgerEntries).set({ previousSeal: seal }).where(isAt(third.sequence));
  expect(await findingsOf(key)).toMatchObject([{ kind: "broken-seal", sequence: third.sequence }]);
});

/** What one change alone does not do, and who knows the tables can. */
const disguises: Readonly<Record<string, (key: LedgerKey) => Promise<readonly D1PreparedStatement[]>>> = {
  "an entry before the first": async (key) => {
    const [, second] = await rowsIn("ledger_entries", key);
    return [insertion("ledger_entries", { ...second, sequence: -1, entry_id: "before", order_value: null })];
  },
  "a usage before the first": async (key) => {
    const [usage] = await rowsIn("lot_usages", key);
    return [insertion("lot_usages", { ...usage, lot_id: "", sequence: -1 })];
  },
  "another coupon, with the original in the other issuer's table": async (key) => {
    const coupon = await unreturned(key);
    const { code, exchange_id, issued_at, canonical_code, redeem_option_id, definition } = coupon;
    const exchange = { coupon_code: code, exchange_id, created_at: issued_at, updated_at: issued_at };
    const owner = { tenant: key.tenant, customer_id: key.customerId };
    return [
      env.DB.prepare("update coupons set definition = '{}' where tenant = ? and canonical_code = ?").bind(
        key.tenant,
        canonical_code,
      ),
      insertion("exchanges", { ...owner, ...exchange, canonical_code, redeem_option_id, definition, state: "ISSUED" }),
    ];
  },
  "a coupon for points that have bought another elsewhere": async (key) => {
    const coupon = await unreturned(key);
    const exchanges = await rowsIn("exchanges", key);
    const exchange_id = exchanges.find(({ state }) => state === "ISSUED")?.["exchange_id"] ?? null;
    return [insertion("coupons", { ...coupon, exchange_id, code: "T-FREE", canonical_code: `${key.customerId}-FREE` })];
  },
  "an exchange that has still to be carried out, and was never paid for": async (key) => {
    const [exchange] = await rowsIn("exchanges", key);
    return [insertion("exchanges", { ...exchange, exchange_id: "free", state: "PENDING" })];
  },
};

const unreturned = async (key: LedgerKey): Promise<Readonly<Record<string, Value>>> => {
  const coupon = (await rowsIn("coupons", key)).find(({ given_back_at }) => given_back_at === null);
  if (coupon === undefined) throw new Error("There is no coupon.");
  return coupon;
};

test.each(Object.keys(disguises))("%s is found", async (name) => {
  const key = keyOf("tampered", name);
  await live(key);
  await env.DB.batch([...((await disguises[name]?.(key)) ?? [])]);
  expect(await findingsOf(key)).not.toEqual([]);
});

test("a coupon that is used while a large ledger is read in pieces is no finding", async () => {
  const key = keyOf("tampered", "large");
  await live(key);
  await env.DB.prepare(
    `with recursive number(n) as (select 1 union all select n + 1 from number where n < 5000)
    insert into lots select ?, ?, 'lot ' || n, 1, 0, 0, null, 0 from number`,
  )
    .bind(key.tenant, key.customerId)
    .run();
  const { canonical_code } = await unreturned(key);
  const use = () =>
    env.DB.batch([
      env.DB.prepare("update coupons set redemption_count = 1 where tenant = ? and canonical_code = ?").bind(
        key.tenant,
        canonical_code,
      ),
      insertion("coupon_uses", {
        tenant: key.tenant,
        canonical_code,
        use_id: "use",
        order_total: "1",
        discount: "1",
        currency: "EUR",
        used_at: 1,
        used_by: "client:test",
      }),
    ]);
  let isUsed = false;
  const used = async (): Promise<void> => {
    if (!isUsed) await use();
    isUsed = true;
  };
  const database = new Proxy(env.DB, {
    get: (target, name: keyof D1Database) =>
      name === "batch"
        ? async (statements: D1PreparedStatement[]) => {
            const results = await target.batch(statements);
            await used();
            return results;
          }
        : target[name].bind(target),
  });
  const read = await new D1LedgerBooks(TenantDatabases.one(database)).read(key);
  const coupon = read?.books.coupons.find(({ uses, redemptionCount }) => uses + redemptionCount > 0);
  expect([isUsed, read?.books.lots.length, coupon]).toMatchObject([
    true,
    expect.any(Number),
    { uses: 1, redemptionCount: 1 },
  ]);
});

test("what belongs to no ledger is looked at, whatever it is", async () => {
  const [key] = keys;
  if (key === undefined) throw new Error("There are ledgers.");
  const nobodys = {
    ledgers: {},
    ledger_entries: { order_value: null },
    lots: {},
    lot_usages: {},
    coupons: {},
    exchanges: {},
  };
  for (const [table, more] of Object.entries(nobodys)) {
    const [row] = await rowsIn(table, key);
    const owner = tables[table]?.owner ?? "customer_id";
    const nobody = `nobody's ${table}`;
    await insertion(table, {
      ...row,
      ...more,
      [owner]: nobody,
      ...(table === "coupons" ? { canonical_code: nobody } : {}),
    }).run();
    expect(await books.keysAfter(null, 1_000)).toContainEqual(keyOf(key.tenant, nobody));
  }
});

const ownerOf = (table: string, row: Row): LedgerKey =>
  keyOf(String(row["tenant"]), String(row[tables[table]?.owner ?? ""]));

function exactDeletion(table: string, row: Row): D1PreparedStatement {
  const columns = Object.keys(row);
  const text = `delete from ${table} where ${columns.map((column) => `${column} is ?`).join(" and ")}`;
  return env.DB.prepare(text).bind(...Object.values(row));
}
