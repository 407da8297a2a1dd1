import { env } from "cloudflare:workers";
import { getTableColumns } from "drizzle-orm";
import { getTableConfig, type SQLiteTable } from "drizzle-orm/sqlite-core";
import { describe, expect, test } from "vitest";
import * as schema from "../../support/schema.ts";

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

/** The name of the column that is the primary key by itself. */
const onlyKeyOf = (table: SQLiteTable) => Object.values(getTableColumns(table)).find(({ primary }) => primary)?.name;

describe("the migrated database", () => {
  test("has the tables that the queries know, and no others", async () => {
    const { results } = await env.DB.prepare("pragma table_list").all<TableInfo>();
    const own = results.filter(
      ({ name }) => !name.startsWith("sqlite_") && !name.startsWith("_cf_") && name !== "d1_migrations",
    );
    expect(own.map(({ name }) => name).sort()).toEqual(tables.map((table) => getTableConfig(table).name).sort());
    expect(own.filter(({ type }) => type !== "table")).toEqual([]);
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
      const composite = primaryKeys[0]?.columns.map((column) => column.name) ?? [onlyKeyOf(table)];
      const stored = results.filter((column) => column.pk > 0).toSorted((left, right) => left.pk - right.pk);
      expect(stored.map((column) => column.name)).toEqual(composite);
      const own = await env.DB.prepare(`select name from pragma_index_list('${name}') where origin = 'c'`).all<{
        name: string;
      }>();
      expect(own.results.map((row) => row.name).sort()).toEqual(indexes.map((index) => index.config.name).sort());
    },
  );
});

describe("the database itself refuses", () => {
  const run = (text: string) => env.DB.prepare(text).run();

  test("an exchange that goes back, or where it cannot go", async () => {
    const states = ["PENDING", "ISSUED", "REFUSED", "VOIDING", "GIVEN_BACK"];
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
      "PENDING-REFUSED",
      "ISSUED-VOIDING",
      "VOIDING-ISSUED",
      "VOIDING-GIVEN_BACK",
    ]);
  });

  test("whatever is refused, whatever the reason", async () => {
    await expect(run("insert into refusals values ('reason')")).rejects.toThrow("constraint failed: commit_refused");
    await run("insert into refusals select 'reason' from ledgers where tenant = 'nobody'");
  });

  test("what takes more from a lot than it has, or from a lot that is not there", async () => {
    const lot = (use: string) => run(`update lots set ${use} where lot_id = 'L'`);
    await run(
      "insert into lots (tenant, customer_id, lot_id, points, used_points, created_at) values ('demo', 'C1', 'L', 10, 4, 0)",
    );
    await lot("used_points = 7, expired_points = 3");
    for (const use of ["used_points = 8", "expired_points = 4", "expired_points = -1", "used_points = -1"]) {
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
