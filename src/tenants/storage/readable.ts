import type { TenantId } from "../../platform/values/identifiers.ts";
import type { TenantDatabases } from "./tenant-databases.ts";

/**
 * What `read` makes of each row that it can read. A damaged row does not affect the others, and is logged.
 * @param nameOf what the log calls a row; must not be secret or personal
 */
export function readable<Row extends { readonly tenant: TenantId }, Item>(
  rows: readonly Row[],
  read: (row: Row) => Item,
  databases: TenantDatabases,
  nameOf: (row: Row) => { readonly table: string; readonly row: string },
): readonly Item[] {
  return rows.flatMap((row) => {
    try {
      return [read(row)];
    } catch {
      databases.tellUnreadable(row.tenant, nameOf(row));
      return [];
    }
  });
}
