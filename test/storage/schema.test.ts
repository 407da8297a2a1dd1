import { env } from "cloudflare:workers";
import { getTableColumns } from "drizzle-orm";
import { getTableConfig, type SQLiteTable } from "drizzle-orm/sqlite-core";
import { describe, expect, test } from "vitest";
import type { CouponCode } from "../../src/domain/coupon.ts";
import type { Entry } from "../../src/domain/entry.ts";
import type { Actor, CommandId, EntryId, RedeemOptionId } from "../../src/domain/identifiers.ts";
import type { Points } from "../../src/domain/points.ts";
import type { EpochMs } from "../../src/domain/time.ts";
import { columnsOf, commitViews } from "../../src/storage/d1/commit-statements.ts";
import { rowOfEntry } from "../../src/storage/d1/entry-row.ts";
import * as schema from "../../src/storage/d1/schema.ts";

const tables: readonly SQLiteTable[] = Object.values(schema);

interface TableInfo {
  readonly name: string;
  readonly type: string;
  readonly strict: number;
  readonly wr: number;
}
interface ColumnInfo {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly pk: number;
}

describe("the migrated database", () => {
  test("has the tables that the queries know, and no others", async () => {
    const { results } = await env.DB.prepare("pragma table_list").all<TableInfo>();
    const own = results.filter(
      ({ name, type }) =>
        type !== "view" && !name.startsWith("sqlite_") && !name.startsWith("_cf_") && name !== "d1_migrations",
    );
    expect(own.map(({ name }) => name).sort()).toEqual(tables.map((table) => getTableConfig(table).name).sort());
    // STRICT keeps numbers integers; without rowids a row is written once, not twice.
    for (const { name, strict, wr } of own) expect({ name, strict, wr }).toEqual({ name, strict: 1, wr: 1 });
  });

  test.each(tables.map((table) => [getTableConfig(table).name, table] as const))(
    "has %s as the queries know it",
    async (name, table) => {
      const { results } = await env.DB.prepare(`pragma table_info(${name})`).all<ColumnInfo>();
      const known = Object.values(getTableColumns(table)).map((column) => [
        column.name,
        column.getSQLType(),
        column.notNull,
      ]);
      expect(results.map((column) => [column.name, column.type.toLowerCase(), column.notnull === 1])).toEqual(known);
      const { primaryKeys, indexes } = getTableConfig(table);
      const composite = primaryKeys[0]?.columns.map((column) => column.name) ?? ["client_id"];
      const stored = results.filter((column) => column.pk > 0).toSorted((left, right) => left.pk - right.pk);
      expect(stored.map((column) => column.name)).toEqual(composite);
      const own = await env.DB.prepare(`select name from pragma_index_list('${name}') where origin = 'c'`).all<{
        name: string;
      }>();
      expect(own.results.map((row) => row.name).sort()).toEqual(indexes.map((index) => index.config.name).sort());
    },
  );
});

describe("the trigger that carries out commits", () => {
  const stored: readonly (readonly [SQLiteTable, readonly string[]])[] = [
    [schema.ledgerEntries, ["tenant", "customerId"]],
    [schema.ledgers, ["tenant", "customerId"]],
    [schema.lots, ["tenant", "customerId"]],
    [schema.lotUsages, ["tenant", "customerId"]],
    [schema.coupons, ["tenant"]],
    [schema.exchanges, ["tenant", "customerId"]],
    [schema.idempotencyRecords, ["tenant", "customerId"]],
  ];

  test.each(stored.map(([table, shared]) => [getTableConfig(table).name, table, shared] as const))(
    "stores every column of %s",
    async (name, table, shared) => {
      const row = await env.DB.prepare(
        "select sql from sqlite_schema where name = 'ledger_commits_are_carried_out'",
      ).first<{ sql: string }>();
      const insert = new RegExp(
        `INSERT INTO \`${name}\` \\(([^)]*)\\)\\s*SELECT([^;]*?)FROM \\(SELECT value FROM json_each`,
      ).exec(row?.sql ?? "");
      const listed = (text: string | undefined) => (text ?? "").split(",").map((item) => item.trim());
      const columns = Object.entries(getTableColumns(table));
      expect(listed(insert?.[1])).toEqual(columns.map(([, column]) => `\`${column.name}\``));
      expect(listed(insert?.[2])).toEqual(
        columns.map(([property, column]) =>
          shared.includes(property) ? `NEW.\`${column.name}\`` : `value ->> '${property}'`,
        ),
      );
    },
  );
});

describe("the views that commits are inserted into", () => {
  const textOf = async (name: string): Promise<string> => {
    const row = await env.DB.prepare("select sql from sqlite_schema where name = ?")
      .bind(name)
      .first<{ sql: string }>();
    return row?.sql ?? "";
  };
  const statementsIn = (trigger: string): string[] =>
    trigger
      .slice(trigger.indexOf("BEGIN") + "BEGIN".length, trigger.lastIndexOf("END"))
      .replace(/--.*$/gm, "")
      .split(";")
      .map((statement) => statement.replace(/\s+/g, " ").trim())
      // What keeps SQLite from making an element's text for each column changes nothing of what is done.
      .map((statement) => statement.replace(/\(SELECT value FROM (json_each\(\S+\)) LIMIT -1 OFFSET 0\)/, "$1"))
      .filter((statement) => statement !== "");

  const insertion =
    /^INSERT INTO `ledger_entries` \((?<columns>[^)]*)\) SELECT (?<values>.*) (?<source>FROM json_each.*)$/;
  /** The columns of entries that a trigger stores, with what it stores in them. */
  const storedOfEntries = (statements: readonly string[]): ReadonlyMap<string, string> => {
    const found = statements.map((one) => insertion.exec(one)?.groups).find((groups) => groups !== undefined);
    const names = (found?.["columns"] ?? "").trim().split(", ");
    const expressions = (found?.["values"] ?? "").split(", ");
    expect(names.length).toBe(expressions.length);
    return new Map(names.map((name, index) => [name, expressions[index] ?? ""]));
  };
  const withoutColumnsOfEntries = (statement: string): string =>
    statement.replace(insertion, "INSERT INTO `ledger_entries` $<source>");

  test.each(commitViews.map((view) => [view.name, view] as const))(
    "%s has the columns that are given",
    async (name, view) => {
      const { results } = await env.DB.prepare(`pragma table_info(${name})`).all<ColumnInfo>();
      expect(results.map((column) => column.name)).toEqual(columnsOf(view));
    },
  );

  test.each(commitViews.map((view) => [view.name, view] as const))(
    "%s does with its columns what ledger_commits does with them, and in its order",
    async (name, view) => {
      const all = statementsIn(await textOf("ledger_commits_are_carried_out"));
      const others = (statement: string): boolean =>
        [...statement.matchAll(/NEW\.`(\w+)`/g)].some(([, column = ""]) => !columnsOf(view).includes(column));
      const own = statementsIn(await textOf(`${name}_are_carried_out`));
      expect(own.map(withoutColumnsOfEntries)).toEqual(all.filter((one) => !others(one)).map(withoutColumnsOfEntries));
      const [columns, allColumns] = [storedOfEntries(own), storedOfEntries(all)];
      if (view.kinds === null) expect(columns).toEqual(allColumns);
      for (const [column, value] of columns) expect([column, value]).toEqual([column, allColumns.get(column)]);
    },
  );

  const base = {
    commandId: "c" as CommandId,
    actor: "a" as Actor,
    recordedAt: 0 as EpochMs,
    balanceAfter: 1 as Points,
  };
  const shared = { ...base, id: "e" as EntryId, points: 1 as Points, createdAt: 0 as EpochMs, description: "d" };
  /** Entries with everything that entries of their kinds can have. */
  const whole: readonly Exclude<Entry, { kind: "erased" }>[] = [
    { ...base, kind: "opened", sequence: 1 },
    {
      ...shared,
      kind: "granted",
      sequence: 2,
      validUntil: 1 as EpochMs,
      referenceId: "r",
      fingerprint: "f",
      orderValue: "1",
    },
    {
      ...shared,
      kind: "redeemed",
      sequence: 3,
      draws: [],
      redeemOptionId: "o" as RedeemOptionId,
      couponCode: "RP-1" as CouponCode,
      couponIssuer: "embedded",
      fingerprint: "f",
    },
  ];

  test.each(commitViews.flatMap(({ name, kinds }) => (kinds === null ? [] : [[name, kinds] as const])))(
    "%s stores all that there is of entries of its kinds",
    async (name, kinds) => {
      const columns = [...storedOfEntries(statementsIn(await textOf(`${name}_are_carried_out`))).keys()];
      const known: Readonly<Record<string, { readonly name: string }>> = getTableColumns(schema.ledgerEntries);
      const entries = whole.filter(({ kind }) => (kinds as readonly string[]).includes(kind));
      expect(entries.map(({ kind }) => kind)).toEqual(kinds);
      for (const property of entries.flatMap((entry) => Object.keys(rowOfEntry(entry)))) {
        expect(columns).toContain(`\`${known[property]?.name}\``);
      }
    },
  );
});

describe("the database itself refuses", () => {
  const run = (text: string) => env.DB.prepare(text).run();

  test("an exchange that goes back, or where it cannot go", async () => {
    const states = ["PENDING", "ISSUED", "CHARGED_BACK", "VOIDING", "GIVEN_BACK"];
    const ways: string[] = [];
    for (const from of states) {
      for (const to of states) {
        const id = `${from}-${to}`;
        await run(
          `insert into exchanges values ('demo', 'C1', '${id}', '${id}', '${id}', 'o', '{}', '${from}', null, 0, 0)`,
        );
        const moved = run(`update exchanges set state = '${to}' where exchange_id = '${id}'`);
        if (await moved.then(() => true).catch(() => false)) ways.push(id);
      }
    }
    expect(ways).toEqual([
      "PENDING-ISSUED",
      "PENDING-CHARGED_BACK",
      "ISSUED-VOIDING",
      "VOIDING-ISSUED",
      "VOIDING-GIVEN_BACK",
    ]);
  });

  test("what takes more from a lot than it has, or from a lot that is not there", async () => {
    const lot = (use: string) => run(`update lots set ${use} where lot_id = 'L'`);
    await run(
      "insert into lots (tenant, customer_id, lot_id, points, used_points, created_at) values ('demo', 'C1', 'L', 10, 4, 0)",
    );
    await lot("used_points = 7, lapsed_points = 3");
    for (const use of ["used_points = 8", "lapsed_points = 4", "lapsed_points = -1", "used_points = -1"]) {
      await expect(lot(use)).rejects.toThrow("constraint failed");
    }
    const usage = (id: string, points: number) =>
      run(`insert into lot_usages values ('demo', 'C1', '${id}', 'R', 1, ${points})`);
    await usage("L", 7);
    await expect(usage("M", 7)).rejects.toThrow("constraint failed");
    await expect(run("update lot_usages set points = 0 where lot_id = 'L'")).rejects.toThrow("constraint failed");
    await run("update lot_usages set points = -7 where lot_id = 'L'");
  });
});

test("migrations only ever add: nothing that holds data is dropped, and nothing is deleted along", () => {
  const statements = env.TEST_MIGRATIONS.flatMap((migration) => migration.queries);
  expect(statements.length).toBeGreaterThan(0);
  for (const statement of statements) expect(statement).not.toMatch(/drop\s+(table|column)|on\s+delete\s+cascade/i);
});
