import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { getTableConfig, type SQLiteTable } from "drizzle-orm/sqlite-core";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { absencesIn, cancelMove, finishMove, type MoveEnd, moveTenant } from "../../../scripts/tenants/tenant-move.ts";
import { commitStatements } from "../../../src/ledger/storage/commit-statements.ts";
import { type D1Call, type D1Fault, faultyD1 } from "../../support/faults/faulty-d1.ts";
import { commitOf } from "../../support/ledger/commit-rows.ts";
import { MappedService } from "../../support/mapped-service.ts";
import { completedOrder, queued } from "../../support/orders/order-events.ts";
import { allScopes, couponUse, type PreparedShop, prepareShop } from "../../support/prepared-shop.ts";
import * as schema from "../../support/schema.ts";
import type { Answer } from "../../support/shop.ts";
import { customerToken, employeeToken } from "../../support/tokens.ts";

// A move that is stopped at each of its writes is a hundred moves.
vi.setConfig({ testTimeout: 120_000 });

const now = 1_790_000_000_000;
const first: MoveEnd = { binding: "DB", database: env.DB };
const second: MoveEnd = { binding: "DB_2", database: env.DB_2 };
const third: MoveEnd = { binding: "DB_3", database: env.DB_3 };

/** Tables with a tenant that belong to all tenants together. */
const shared = ["api_clients", "sweeps", "tenants_away"];
const tables = Object.values(schema as Readonly<Record<string, SQLiteTable>>)
  .map((table) => getTableConfig(table))
  .filter(({ name, columns }) => !shared.includes(name) && columns.some((column) => column.name === "tenant"));

beforeAll(async () => {
  for (const database of [env.DB_2, env.DB_3]) await applyD1Migrations(database, env.TEST_MIGRATIONS);
});

/** Everything that a database holds of a tenant, by table. */
async function rowsIn({ database }: MoveEnd, tenant: string): Promise<Readonly<Record<string, readonly object[]>>> {
  const found = await database.batch<object>(
    tables.map(({ name }) => database.prepare(`select * from ${name} where tenant = ? order by 1, 2, 3`).bind(tenant)),
  );
  return Object.fromEntries(tables.map(({ name }, index) => [name, found[index]?.results ?? []]));
}
const nothing = Object.fromEntries(tables.map(({ name }) => [name, []]));
const countsOf = (rows: Readonly<Record<string, readonly object[]>>) =>
  Object.fromEntries(Object.entries(rows).map(([name, list]) => [name, list.length]));

/** A row of each table, made of what the columns allow. */
async function oneOfEach(tenant: string, { database }: MoveEnd = first): Promise<void> {
  const special: Readonly<Record<string, unknown>> = {
    previous_seal: "",
    expired_points: 0,
    state: "PENDING",
    mentions: "[]",
  };
  for (const { name, columns } of [...tables].sort((left) => (left.name === "lots" ? -1 : 0))) {
    const names = columns.map((column) => column.name);
    const values = columns.map((column) =>
      column.name === "tenant" ? tenant : (special[column.name] ?? (column.getSQLType() === "integer" ? 1 : "a")),
    );
    const text = `insert into ${name} (${names.join(", ")}) values (${names.map(() => "?").join(", ")})`;
    await (database as D1Database)
      .prepare(text)
      .bind(...values)
      .run();
  }
}

describe("a tenant that is away", () => {
  const away = (tenant: string) =>
    env.DB.prepare("insert into tenants_away (tenant, state, counterpart, since) values (?, 'leaving', 'DB_2', 0)")
      .bind(tenant)
      .run();

  test("is not written to in any table, and others are", async () => {
    await oneOfEach("fence-in");
    await oneOfEach("fence-out");
    await away("fence-in");
    const before = await rowsIn(first, "fence-in");
    expect(Object.values(countsOf(before))).toEqual(tables.map(() => 1));
    for (const { name, columns } of tables) {
      const names = columns.map((column) => column.name).join(", ");
      const other = columns.map(({ name: column }) => (column === "tenant" ? "?1" : column)).join(", ");
      const writes = {
        insert: `insert into ${name} (${names}) select ${other} from ${name} where tenant = 'fence-out'`,
        replace: `insert or replace into ${name} (${names}) select ${other} from ${name} where tenant = 'fence-out'`,
        update: `update ${name} set tenant = tenant where tenant = ?1`,
        delete: `delete from ${name} where tenant = ?1`,
      };
      for (const [write, text] of Object.entries(writes)) {
        await expect(env.DB.prepare(text).bind("fence-in").run(), `${write} ${name}`).rejects.toThrow("tenant_away");
      }
      if (name !== "ledger_entries") {
        await env.DB.prepare(`update ${name} set tenant = tenant where tenant = 'fence-out'`).run();
      }
      await env.DB.prepare(`delete from ${name} where tenant = 'fence-out'`).run();
    }
    expect(await rowsIn(first, "fence-in")).toEqual(before);
  });

  test("is why a commit is refused, whatever else is in its way", async () => {
    await away("fence-first");
    const owner = { tenant: "fence-first", customerId: "C1" };
    const entry = { sequence: 1, kind: "redeemed", commandId: "c", actor: "a", points: 1, balanceAfter: 0 };
    const commit = commitOf({
      entries: [{ ...owner, ...entry, recordedAt: 0, createdAt: 0, previousSeal: "", seal: "h" }],
      terms: [{ tenant: owner.tenant, id: "there-is-none", version: 1, createdAt: 0 }],
    });
    await expect(env.DB.batch([...commitStatements(env.DB, commit)])).rejects.toThrow("tenant_away");
  });
});

type Ask = MappedService["call"];

/** The service as it is deployed with a map, with nothing in memory. */
async function deployedWith(map: Readonly<Record<string, string>>): Promise<{ service: MappedService; ask: Ask }> {
  const service = await MappedService.start(map);
  return { service, ask: (...of) => service.call(...of) };
}

/** What a deployment tells of a shop; with everything that can be asked without changing anything. */
async function readAll(ask: Ask, { tenant, customerId, usedCode }: PreparedShop): Promise<readonly unknown[]> {
  const token = await employeeToken(tenant, allScopes);
  const own = await customerToken(tenant, customerId);
  const paths: readonly (readonly [string, string])[] = [
    [`/reward-points/customer/${customerId}`, token],
    [`/reward-points/customer/${customerId}/summary`, token],
    [`/reward-points/customer/${customerId}/explain`, token],
    ["/reward-points/summaryBatch", token],
    [`/reward-points/${tenant}/redeemOptions`, token],
    [`/reward-points/${tenant}/events`, token],
    [`/coupon/${tenant}/coupons`, token],
    [`/coupon/${tenant}/coupons/${usedCode}/redemptions`, token],
    [`/site/${tenant}/sites/main/mixins`, token],
    ["/reward-points/public/customer/coupons", own],
  ];
  const answers: unknown[] = [];
  for (const [path, by] of paths) {
    const { status, body } = await ask("GET", path, { token: by });
    expect([path, status]).toEqual([path, 200]);
    // When it was asked is told, too.
    answers.push(JSON.parse(JSON.stringify(body, (key, value) => (key === "at" || key === "asOf" ? null : value))));
  }
  return answers;
}

/** Tries to write whatever can be written. */
async function writeAll(ask: Ask, { tenant, ...shop }: PreparedShop): Promise<Readonly<Record<string, Answer>>> {
  const token = await employeeToken(tenant, allScopes);
  const own = await customerToken(tenant, shop.customerId);
  const customer = `/reward-points/customer/${shop.customerId}`;
  const option = { id: crypto.randomUUID(), type: "coupon", name: "New", points: 5 };
  const keyed = { "Idempotency-Key": crypto.randomUUID() };
  return {
    grant: await ask("POST", `${customer}/addPoints`, { token, json: { points: 7 } }),
    "a new ledger": await ask("POST", `/reward-points/customer/new-${option.id}`, { token, json: {} }),
    redeem: await ask("POST", `${customer}/redeemPoints`, { token, json: { points: 1, description: "d" } }),
    exchange: await ask("POST", "/reward-points/public/customer/redeem", { token: own, json: { id: shop.optionId } }),
    "a coupon's use": await ask("POST", `/coupon/${tenant}/coupons/${shop.usedCode}/redemptions`, {
      token,
      json: { ...couponUse, orderCode: option.id, customerNumber: shop.customerId },
    }),
    option: await ask("POST", `/reward-points/${tenant}/redeemOptions`, { token, json: option }),
    "a keyed option": await ask("POST", `/reward-points/${tenant}/redeemOptions`, {
      token,
      json: { ...option, id: crypto.randomUUID() },
      headers: keyed,
    }),
    mixin: await ask("POST", `/site/${tenant}/sites/new/mixins`, { token, json: { [`m${option.id}`]: { a: 1 } } }),
    "a mixin's end": await ask("DELETE", `/site/${tenant}/sites/${shop.siteCode}/mixins/${shop.mixinName}`, { token }),
    "a coupon's end": await ask("DELETE", `/coupon/${tenant}/coupons/${shop.code}`, { token }),
    "a use given back": await ask("DELETE", `/coupon/${tenant}/coupons/${shop.usedCode}/redemptions/${shop.useId}`, {
      token,
    }),
    erasure: await ask("DELETE", customer, { token }),
  };
}

function expectRefused(answers: Readonly<Record<string, Answer>>): void {
  for (const [write, { status, headers, body }] of Object.entries(answers)) {
    expect({ write, status, retryAfter: headers.get("Retry-After"), body: JSON.stringify(body) }).toEqual({
      write,
      status: 503,
      retryAfter: "30",
      body: expect.stringContaining("is being moved"),
    });
  }
}

const lost = "D1_ERROR: Network connection lost.";

/** Two ends whose writes are counted together, and of which one, by its number, has a fault. */
function failingAt(step: number, fault: NonNullable<D1Fault>): { readonly from: MoveEnd; readonly to: MoveEnd } {
  let writes = 0;
  const isWrite = (text: D1Call) => text.some(({ sql }) => /^\s*(insert|update|delete)/i.test(sql));
  const faultOf = (text: D1Call): D1Fault => {
    if (!isWrite(text)) return null;
    writes += 1;
    return writes === step ? fault : null;
  };
  return {
    from: { binding: "DB", database: faultyD1(env.DB, faultOf) },
    to: { binding: "DB_2", database: faultyD1(env.DB_2, faultOf) },
  };
}

const verified = async (ask: Ask, { tenant, customerId }: PreparedShop): Promise<unknown> => {
  const token = await employeeToken(tenant, allScopes);
  return (await ask("GET", `/reward-points/customer/${customerId}/verify`, { token })).body;
};

describe("moving a tenant", () => {
  test("takes everything along, refuses writes meanwhile, and leaves the old place closed for ever", async () => {
    const shop = await prepareShop("move-all");
    const { tenant } = shop;
    const bystander = await prepareShop("move-stays");
    const deployed = await deployedWith({});
    const old = deployed.ask;
    const before = await rowsIn(first, tenant);
    const told = await readAll(old, shop);

    const { from, to } = failingAt(4, { before: lost });
    await expect(moveTenant(tenant, from, to, now)).rejects.toThrow("connection lost");
    expectRefused(await writeAll(old, shop));
    expect(await readAll(old, shop)).toEqual(told);
    expect(await rowsIn(first, tenant)).toEqual(before);
    const tooEarly = await deployedWith({ [tenant]: "DB_2" });
    for (const [write, { status }] of Object.entries(await writeAll(tooEarly.ask, shop))) {
      expect([write, status < 300]).toEqual([write, false]);
    }

    expect(await moveTenant(tenant, first, second, now)).toEqual(countsOf(before));
    expect(await rowsIn(first, tenant)).toEqual(before);
    expect(await rowsIn(second, tenant)).toEqual(before);
    expectRefused(await writeAll(old, shop));

    const next = await deployedWith({ [tenant]: "DB_2" });
    const present = next.ask;
    expect(await readAll(present, shop)).toEqual(told);
    expect(await verified(present, shop)).toMatchObject({ findings: [] });
    const token = await employeeToken(tenant, allScopes);
    const repeated = await present("POST", `/reward-points/customer/${shop.customerId}/addPoints`, {
      token,
      json: { id: shop.entryId, points: 1_000, description: `points-${shop.mark}`, "reference-id": shop.orderCode },
      headers: { "Idempotency-Key": shop.idempotencyKey },
    });
    expect(repeated.headers.get("Idempotency-Replayed")).toBe("true");
    await next.service.consume([queued(tenant, completedOrder("after", { customer: { id: shop.customerId } }))]);
    const written = await writeAll(present, shop);
    for (const [write, { status }] of Object.entries(written)) expect([write, status < 300]).toEqual([write, true]);
    expect(await rowsIn(first, tenant)).toEqual(before);

    const left = Object.values(countsOf(before)).reduce((sum, count) => sum + count, 0);
    expect(await finishMove(tenant, first, second, now)).toBe(left);
    expect(await rowsIn(first, tenant)).toEqual(nothing);
    await expect(
      env.DB.prepare(
        "insert into redeem_options select ?, id, type, name, description, points, coupon, points_after_coupon, version, created_at, modified_at from redeem_options where tenant = ?",
      )
        .bind(tenant, bystander.tenant)
        .run(),
    ).rejects.toThrow("tenant_away");
    // Not even to say that there was nothing to erase.
    expect((await old("DELETE", `/reward-points/customer/${shop.customerId}`, { token })).status).toBe(503);
    expect((await old("POST", "/reward-points/customer/c9", { token, json: {} })).status).toBe(503);
    expect((await present("POST", "/reward-points/customer/c9", { token, json: {} })).status).toBe(200);
    expect(Object.values(await writeAll(old, bystander)).map(({ status }) => status)).not.toContain(503);
  });

  test("can be undone by moving back", async () => {
    const shop = await prepareShop("move-back");
    const { tenant } = shop;
    const token = await employeeToken(tenant, allScopes);
    const grant = [`/reward-points/customer/${shop.customerId}/addPoints`, { token, json: { points: 11 } }] as const;
    const stale = await deployedWith({});
    expect((await stale.ask("POST", ...grant)).status).toBe(201);
    await moveTenant(tenant, first, second, now);
    expect((await stale.ask("POST", ...grant)).status).toBe(503);
    await expect(moveTenant(tenant, second, first, now)).rejects.toThrow("Finish the move of tenant move-back from DB");
    await finishMove(tenant, first, second, now);
    const away = await deployedWith({ [tenant]: "DB_2" });
    expect((await away.ask("POST", ...grant)).status).toBe(201);
    const told = await readAll(away.ask, shop);
    await moveTenant(tenant, second, first, now);
    await finishMove(tenant, second, first, now);
    const { ask } = await deployedWith({});
    expect(await readAll(ask, shop)).toEqual(told);
    // An object that was refused remembers nothing of before.
    expect(await readAll(stale.ask, shop)).toEqual(told);
    expect(await verified(ask, shop)).toMatchObject({ findings: [] });
    expect((await ask("POST", "/reward-points/customer/c9", { token, json: {} })).status).toBe(200);
    expect((await away.ask("POST", "/reward-points/customer/c8", { token, json: {} })).status).toBe(503);
  });

  // Each second write with the one fault, and those between with the other.
  test.each([
    ["fails", 1, { before: lost }],
    ["loses its answer", 2, { after: lost }],
  ] as const)("goes on where it has stopped when a write %s, whichever it is", async (_what, start, fault) => {
    for (let step = start; ; step += 4) {
      const tenant = `stop-${start}-${step}`;
      await oneOfEach(tenant);
      const before = await rowsIn(first, tenant);
      const { from, to } = failingAt(step, fault);
      const stopped = await moveTenant(tenant, from, to, now).then(
        () => false,
        () => true,
      );
      if (stopped) await moveTenant(tenant, first, second, now);
      expect(await rowsIn(second, tenant)).toEqual(before);
      await finishMove(tenant, first, second, now);
      expect(await rowsIn(first, tenant)).toEqual(nothing);
      expect((await absencesIn(env.DB_2)).filter((absence) => absence.tenant === tenant)).toEqual([]);
      if (stopped) continue;
      // There was no such write any more: each table has one, and the guards have four.
      expect(step).toBeGreaterThan(tables.length + 4);
      break;
    }
  });

  test("takes rows of any size and number, in pieces that a statement can hold", async () => {
    const tenant = "move-large";
    const insert = env.DB.prepare(
      `insert into order_events (tenant, id, type, verdict, payload, received_at, attempts)
       select ?1, value || '', 'order.updated', 'ignored', ?2 || value, 0, 0 from json_each(?3)`,
    );
    const ids = Array.from({ length: 450 }, (_, index) => `e${String(index).padStart(4, "0")}`);
    // Quotes, surrogates and control characters, too.
    const payload = 'ü😀\u0001"\\'.repeat(600);
    await insert.bind(tenant, payload, JSON.stringify(ids)).run();
    await insert.bind(tenant, payload.repeat(160), JSON.stringify(["e0200x"])).run();
    const before = await rowsIn(first, tenant);
    const sizes: number[] = [];
    const target = faultyD1(env.DB_2, (text) => {
      for (const { sql, parameters } of text)
        if (/^insert into "order/.test(sql)) sizes.push(new TextEncoder().encode(String(parameters[0])).length);
      return null;
    });
    expect(await moveTenant(tenant, first, { ...second, database: target }, now)).toMatchObject({ order_events: 451 });
    expect(sizes.length).toBeGreaterThan(1);
    // Of one row that is as long as a row can be, and of as many others as are fewer than a megabyte.
    expect(sizes.filter((size) => size > 1_000_000)).toHaveLength(1);
    expect(Math.max(...sizes)).toBeLessThan(2_000_000);
    expect(await rowsIn(second, tenant)).toEqual(before);
  });

  test("is refused when there is something of the tenant's at the other end, or a move elsewhere is under way", async () => {
    await oneOfEach("twice");
    await oneOfEach("twice", second);
    await expect(moveTenant("twice", first, second, now)).rejects.toThrow("DB_2 has rows of tenant twice in");
    expect(await absencesIn(env.DB_2)).not.toContainEqual(expect.objectContaining({ tenant: "twice" }));
    expect(await moveTenant("twice", first, third, now)).toMatchObject({ lots: 1 });
    await expect(moveTenant("twice", first, second, now)).rejects.toThrow("is left in DB");
    await expect(moveTenant("twice", first, first, now)).rejects.toThrow("in DB already");
    await expect(finishMove("twice", first, second, now)).rejects.toThrow("has not been moved from DB to DB_2");
  });

  test("is refused between databases of different migrations", async () => {
    await env.DB_3.prepare("alter table ledgers add surplus text").run();
    await expect(moveTenant("any", first, third, now)).rejects.toThrow("have not seen the same migrations");
    await env.DB_3.prepare("alter table ledgers drop surplus").run();
  });

  test("tells when the two ends differ, and goes on refusing writes", async () => {
    await oneOfEach("differs");
    const { from, to } = failingAt(tables.length + 2, { before: lost });
    await expect(moveTenant("differs", from, to, now)).rejects.toThrow("connection lost");
    // Past the guard, as only somebody with the database in hand can.
    await env.DB_2.batch([
      env.DB_2.prepare("update tenants_away set is_open = 1 where tenant = 'differs'"),
      env.DB_2.prepare("update lots set points = points + 1 where tenant = 'differs'"),
      env.DB_2.prepare("update tenants_away set is_open = 0 where tenant = 'differs'"),
    ]);
    await expect(moveTenant("differs", first, second, now)).rejects.toThrow("DB and DB_2 differ in lots");
    await expect(oneOfEach("differs")).rejects.toThrow("tenant_away");
    await cancelMove("differs", first, second, now);
    expect(await moveTenant("differs", first, second, now)).toMatchObject({ lots: 1 });
  });
});

describe("cancelling a move", () => {
  test("leaves the tenant where it was, and nothing at the other end", async () => {
    const shop = await prepareShop("cancel-one");
    const { tenant } = shop;
    const before = await rowsIn(first, tenant);
    await moveTenant(tenant, first, second, now);
    expect(await cancelMove(tenant, first, second, now)).toBeGreaterThan(10);
    expect(await rowsIn(first, tenant)).toEqual(before);
    expect(await rowsIn(second, tenant)).toEqual(nothing);
    const { ask } = await deployedWith({});
    expect(Object.values(await writeAll(ask, shop)).map(({ status }) => status)).not.toContain(503);
    await expect(cancelMove(tenant, first, second, now)).rejects.toThrow("can be cancelled");
    // Whoever deploys the map all the same writes into nothing.
    const wrong = await deployedWith({ [tenant]: "DB_2" });
    const token = await employeeToken(tenant, allScopes);
    expect((await wrong.ask("POST", "/reward-points/customer/c1", { token, json: {} })).status).toBe(503);
  });

  test("is refused once the other end has been written to", async () => {
    const shop = await prepareShop("cancel-late");
    const { tenant } = shop;
    await moveTenant(tenant, first, second, now);
    const deployed = await deployedWith({ [tenant]: "DB_2" });
    const token = await employeeToken(tenant, allScopes);
    const write = () =>
      deployed.ask("POST", `/reward-points/customer/${shop.customerId}/addPoints`, { token, json: { points: 1 } });
    expect((await write()).status).toBe(201);
    const there = await rowsIn(second, tenant);
    await expect(cancelMove(tenant, first, second, now)).rejects.toThrow("has been written to in DB_2");
    expect(await rowsIn(second, tenant)).toEqual(there);
    expect((await write()).status).toBe(201);
  });
});
