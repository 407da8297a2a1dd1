import { type SQL, sql } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import type { LatestStates, ReportedState } from "../rules/latest-state.ts";
import type { OrderState } from "../rules/order-state.ts";
import type { ReturnState } from "../rules/return-state.ts";
import type { orders, returns } from "./tables.ts";

/** A damaged state counts as none: the next one that comes in replaces it. */
export const readable = (column: SQLiteColumn): SQL => sql`iif(json_valid(${column}), ${column}, null)`;

/**
 * Whether the incoming state replaces the kept one. States without a version go by their moments; states with one go by
 * the version first. See `isLater` in orders/rules/latest-state.ts.
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

/** The incoming state. If it repeats the kept state, the kept `since` stays. */
const replaced = (name: "versioned" | "unversioned", column: SQLiteColumn): SQL => sql`iif(
  excluded.${sql.identifier(name)} -> 'state' = ${readable(column)} -> 'state',
  json_set(excluded.${sql.identifier(name)}, '$.since', ${readable(column)} ->> 'since'),
  excluded.${sql.identifier(name)})`;

/** The columns of a kept state after another one came in. */
export const statesReplaced = (table: typeof orders | typeof returns) => ({
  version: sql`iif(${isLaterState(table, "versioned")}, excluded.version, ${table.version})`,
  versioned: sql`iif(${isLaterState(table, "versioned")}, ${replaced("versioned", table.versioned)}, ${table.versioned})`,
  unversioned: sql`iif(${isLaterState(table, "unversioned")}, ${replaced("unversioned", table.unversioned)}, ${table.unversioned})`,
  updatedAt: sql`max(${table.updatedAt}, excluded.updated_at)`,
});

/** The incoming state. */
export const incoming: SQL = sql`coalesce(excluded.versioned, excluded.unversioned)`;

/** A reported state as columns. */
export const statesRow = (version: number | null, told: ReportedState<OrderState | ReturnState>) => {
  const text = JSON.stringify(told);
  return { version, versioned: version === null ? null : text, unversioned: version === null ? text : null };
};

/** The reported states of a row. */
export const statesOf = <State>(
  row: Pick<typeof orders.$inferSelect, "version" | "versioned" | "unversioned">,
): LatestStates<State> => ({
  version: row.version,
  versioned: reportedOf(row.versioned),
  unversioned: reportedOf(row.unversioned),
});

const reportedOf = <State>(text: string | null): ReportedState<State> | null => jsonOf<ReportedState<State>>(text);

/** Damaged JSON in the database counts as null, so it does not affect other rows. */
export function jsonOf<Value>(text: string | null): Value | null {
  try {
    return text === null ? null : (JSON.parse(text) as Value);
  } catch {
    return null;
  }
}
