import { env } from "cloudflare:workers";

/** Every row of every table that has a tenant, by table; what is compared to see that nothing was changed. */
export type Stored = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;

let tables: readonly string[] | null = null;

/** The tables are asked of the database, so that one that is added later is looked at as well. */
async function tenantTables(): Promise<readonly string[]> {
  if (tables !== null) return tables;
  const { results } = await env.DB.prepare(
    "select name from sqlite_master where type = 'table' and sql like '%`tenant`%' order by name",
  ).all<{ name: string }>();
  if (results.length === 0) throw new Error("There is no table with a tenant.");
  tables = results.map(({ name }) => name);
  return tables;
}

/** What D1 holds of a tenant. */
export async function everythingStored(tenant: string): Promise<Stored> {
  const names = await tenantTables();
  const selects = names.map((name) => env.DB.prepare(`select * from ${name} where tenant = ? order by 1, 2, 3`));
  const answers = await env.DB.batch<Record<string, unknown>>(selects.map((select) => select.bind(tenant)));
  return Object.fromEntries(names.map((name, index) => [name, answers[index]?.results ?? []]));
}

/** Whether the database has a row of anybody that was not there before: for requests that may name any tenant. */
export async function rowCounts(): Promise<Readonly<Record<string, number>>> {
  const names = await tenantTables();
  const counts = await env.DB.batch<{ count: number }>(
    names.map((name) => env.DB.prepare(`select count(*) as count from ${name}`)),
  );
  return Object.fromEntries(names.map((name, index) => [name, counts[index]?.results[0]?.count ?? 0]));
}
