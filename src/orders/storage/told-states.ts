import { type SQL, sql } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import type { LatestStates, ToldState } from "../rules/latest-state.ts";
import type { OrderState } from "../rules/order-state.ts";
import type { ReturnState } from "../rules/return-state.ts";
import type { orders, returns } from "./tables.ts";

/** A told state that was damaged counts as none: the next one that comes takes its place. */
export const readable = (column: SQLiteColumn): SQL => sql`iif(json_valid(${column}), ${column}, null)`;

/**
 * Whether the state that comes in takes the place of the one that is kept: that of those without a version by its moment,
 * that of those with one by the version first. See `isLater` in orders/rules/latest-state.ts.
 */
function isLaterState(table: typeof orders | typeof returns, name: "versioned" | "unversioned"): SQL {
  const kept = readable(table[name]);
  const incoming = sql`excluded.${sql.identifier(name)}`;
  const [version, keptVersion] =
    name === "versioned" ? [sql`excluded.version, `, sql`${table.version}, `] : [sql``, sql``];
  return sql`(${incoming} is not null and (${kept} is null
    or (${version}${incoming} ->> 'moment', ${incoming} ->> 'event')
      >= (${keptVersion}${kept} ->> 'moment', ${kept} ->> 'event')))`;
}

/** The told state that comes in; where it is the same state again, since when it has been told stays. */
const replaced = (name: "versioned" | "unversioned", column: SQLiteColumn): SQL => sql`iif(
  excluded.${sql.identifier(name)} -> 'state' = ${readable(column)} -> 'state',
  json_set(excluded.${sql.identifier(name)}, '$.since', ${readable(column)} ->> 'since'),
  excluded.${sql.identifier(name)})`;

/** What becomes of the columns of a state that is kept when another one comes in. */
export const statesReplaced = (table: typeof orders | typeof returns) => ({
  version: sql`iif(${isLaterState(table, "versioned")}, excluded.version, ${table.version})`,
  versioned: sql`iif(${isLaterState(table, "versioned")}, ${replaced("versioned", table.versioned)}, ${table.versioned})`,
  unversioned: sql`iif(${isLaterState(table, "unversioned")}, ${replaced("unversioned", table.unversioned)}, ${table.unversioned})`,
  updatedAt: sql`max(${table.updatedAt}, excluded.updated_at)`,
});

/** The told state that comes in. */
export const incoming: SQL = sql`coalesce(excluded.versioned, excluded.unversioned)`;

/** A told state as columns. */
export const statesRow = (version: number | null, told: ToldState<OrderState | ReturnState>) => {
  const text = JSON.stringify(told);
  return { version, versioned: version === null ? null : text, unversioned: version === null ? text : null };
};

/** The told states of a row. */
export const statesOf = <State>(
  row: Pick<typeof orders.$inferSelect, "version" | "versioned" | "unversioned">,
): LatestStates<State> => ({
  version: row.version,
  versioned: toldOf(row.versioned),
  unversioned: toldOf(row.unversioned),
});

const toldOf = <State>(text: string | null): ToldState<State> | null => jsonOf<ToldState<State>>(text);

/** What was damaged in the database is as good as nothing, and hinders no other row. */
export function jsonOf<Value>(text: string | null): Value | null {
  try {
    return text === null ? null : (JSON.parse(text) as Value);
  } catch {
    return null;
  }
}
