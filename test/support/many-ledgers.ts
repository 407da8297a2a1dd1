/**
 * Fills D1 with ledgers `c0000001`, `c0000002`, …: the database makes the rows itself, which is much faster than
 * sending them. Each has one `opened` row, `entriesEach − 1` grants of 100 points without an end, and a redemption
 * of 10 points from the first of them.
 */
export async function fillLedgers(
  database: D1Database,
  { tenant, customers, entriesEach }: { tenant: string; customers: number; entriesEach: number },
): Promise<void> {
  const grants = entriesEach - 1;
  // D1 gives a statement 30 seconds: many customers come in slices.
  const slice = Math.max(1, Math.floor(100_000 / entriesEach));
  for (let first = 1; first <= customers; first += slice) {
    const last = Math.min(customers, first + slice - 1);
    const who = `with recursive who(n) as (select ${first} union all select n + 1 from who where n < ${last}),
      nth(i) as (select 1 union all select i + 1 from nth where i < ${grants})`;
    const id = "printf('c%07d', n)";
    await database.batch([
      database.prepare(`${who} insert into ledgers select ?1, ${id}, 0, 'fill' from who`).bind(tenant),
      database
        .prepare(
          `${who} insert into ledger_entries
            (tenant, customer_id, sequence, kind, command_id, actor, recorded_at, points, balance_after, created_at)
            select ?1, ${id}, 1, 'opened', 'fill', 'client:fill', 0, 0, 0, 0 from who`,
        )
        .bind(tenant),
      database
        .prepare(
          `${who} insert into ledger_entries
            (tenant, customer_id, sequence, kind, entry_id, command_id, actor, recorded_at, points, balance_after,
              created_at, description)
            select ?1, ${id}, i + 1, 'granted', 'g' || i, 'fill', 'client:fill', i, 100, 100 * i, i, 'Order ' || i
            from who, nth`,
        )
        .bind(tenant),
      database
        .prepare(`${who} insert into lots select ?1, ${id}, 'g' || i, 100, iif(i = 1, 10, 0), i, null from who, nth`)
        .bind(tenant),
      database
        .prepare(
          `${who} insert into ledger_entries
            (tenant, customer_id, sequence, kind, entry_id, command_id, actor, recorded_at, points, balance_after,
              created_at)
            select ?1, ${id}, ${grants + 2}, 'redeemed', 'r1', 'fill', 'client:fill', ${grants + 1}, 10,
              ${100 * grants - 10}, ${grants + 1} from who`,
        )
        .bind(tenant),
      database
        .prepare(`${who} insert into lot_usages select ?1, ${id}, 'g1', 'r1', ${grants + 2}, 10 from who`)
        .bind(tenant),
    ]);
  }
}
