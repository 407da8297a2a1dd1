/** How many ledgers to make, and how large. */
export interface ManyLedgers {
  /** Letters, digits and hyphens only: it becomes part of the SQL. */
  readonly tenant: string;
  readonly customers: number;
  /** Grants and redemptions, not counting the row that opens the ledger; at least 2. */
  readonly entriesEach: number;
}

/** Rows that one slice may make: D1 gives a statement 30 seconds. */
const rowsPerSlice = 100_000;

/**
 * SQL that makes ledgers `c0000001`, `c0000002`, …: the database makes the rows itself, which is much faster than
 * sending them. Each has, besides the row that opens it, `entriesEach − 1` grants of 100 points without an end, and
 * a redemption of 10 points from the first of them. Their entries have no seals.
 * @returns slices; the statements of one belong in one transaction
 */
export function manyLedgers({ tenant, customers, entriesEach }: ManyLedgers): string[][] {
  const grants = entriesEach - 1;
  const perSlice = Math.max(1, Math.floor(rowsPerSlice / entriesEach));
  const slices: string[][] = [];
  for (let first = 1; first <= customers; first += perSlice) {
    const last = Math.min(customers, first + perSlice - 1);
    slices.push(sliceStatements(tenant, first, last, grants));
  }
  return slices;
}

function sliceStatements(tenant: string, first: number, last: number, grants: number): string[] {
  const who = `with recursive who(n) as (select ${first} union all select n + 1 from who where n < ${last}),
    nth(i) as (select 1 union all select i + 1 from nth where i < ${grants})`;
  const id = `'${tenant}', printf('c%07d', n)`;
  const entries = `insert into ledger_entries
    (tenant, customer_id, sequence, kind, entry_id, command_id, actor, recorded_at, points, balance_after, created_at,
      description)`;
  const origin = "'fill', 'client:fill'";
  return [
    `${who} insert into ledgers (tenant, customer_id, opened_at, opened_by, sequence, points)
      select ${id}, 0, 'fill', ${grants + 2}, ${100 * grants - 10} from who`,
    `${who} ${entries} select ${id}, 1, 'opened', null, ${origin}, 0, 0, 0, 0, null from who`,
    `${who} ${entries} select ${id}, i + 1, 'granted', 'g' || i, ${origin}, i, 100, 100 * i, i, 'Order ' || i
      from who, nth`,
    `${who} ${entries} select ${id}, ${grants + 2}, 'redeemed', 'r1', ${origin}, ${grants + 1}, 10,
      ${100 * grants - 10}, ${grants + 1}, null from who`,
    `${who} insert into lots select ${id}, 'g' || i, 100, iif(i = 1, 10, 0), i, null, 0 from who, nth`,
    `${who} insert into lot_usages select ${id}, 'g1', 'r1', ${grants + 2}, 10 from who`,
  ];
}
