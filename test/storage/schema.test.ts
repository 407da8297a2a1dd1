import { env } from "cloudflare:workers";
import { getTableColumns } from "drizzle-orm";
import { getTableConfig, type SQLiteTable } from "drizzle-orm/sqlite-core";
import { describe, expect, test } from "vitest";
import * as schema from "../../src/storage/d1/schema.ts";

const tables: readonly SQLiteTable[] = Object.values(schema);

interface TableInfo {
  readonly name: string;
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
      ({ name }) => !name.startsWith("sqlite_") && !name.startsWith("_cf_") && name !== "d1_migrations",
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

test("migrations only ever add: nothing that holds data is dropped, and nothing is deleted along", () => {
  const statements = env.TEST_MIGRATIONS.flatMap((migration) => migration.queries);
  expect(statements.length).toBeGreaterThan(0);
  for (const statement of statements) expect(statement).not.toMatch(/drop\s+(table|column)|on\s+delete\s+cascade/i);
});
