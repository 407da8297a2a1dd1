/** One thing that must hold of what a peer has stored. */
interface BookRule {
  /** What is wrong when it does not. */
  readonly fault: string;
  /** Selects one number, how often that is so. In SQL that PostgreSQL and SQLite take alike. */
  readonly sql: string;
  /** A peer that takes points twice is known to break it. */
  readonly mayOverspend?: true;
}

const usagesOf = (column: string): string =>
  `(select tenant, customer_id, ${column}, sum(points) as points from lot_usages group by tenant, customer_id, ${column})`;

const bookRules: readonly BookRule[] = [
  {
    fault: "lots have less than nothing left",
    sql: "select count(*) from lots where used_points < 0 or used_points > points",
    mayOverspend: true,
  },
  {
    fault: "lots are used by another number of points than their usages say",
    sql: `select count(*) from lots l left join ${usagesOf("lot_id")} u
      on u.tenant = l.tenant and u.customer_id = l.customer_id and u.lot_id = l.lot_id
      where l.used_points <> coalesce(u.points, 0)`,
  },
  {
    fault: "redemptions take another number of points than lots give to them",
    sql: `select count(*) from ledger_entries e left join ${usagesOf("redemption_id")} u
      on u.tenant = e.tenant and u.customer_id = e.customer_id and u.redemption_id = e.entry_id
      where e.points <> coalesce(u.points, 0)`,
  },
  {
    fault: "used points are not the sum of all redemptions",
    sql: `select abs((select coalesce(sum(used_points), 0) from lots)
      - (select coalesce(sum(points), 0) from ledger_entries))`,
  },
  {
    fault: "more, or fewer, coupons than redemptions",
    sql: "select abs((select count(*) from coupons) - (select count(*) from ledger_entries))",
  },
  {
    fault: "coupons lack a redemption of their own",
    sql: `select count(*) from coupons c left join ledger_entries e
      on e.tenant = c.tenant and e.customer_id = c.issued_to and e.entry_id = c.redemption_id and e.coupon_code = c.code
      where e.entry_id is null`,
  },
  {
    fault: "coupons share a redemption",
    sql: "select count(*) - count(distinct redemption_id) from coupons",
  },
  { fault: "coupons share a code", sql: "select count(*) - count(distinct code) from coupons" },
  {
    fault: "more, or fewer, idempotency records than redemptions",
    sql: "select abs((select count(*) from idempotency_records) - (select count(*) from ledger_entries))",
  },
  {
    fault: "idempotency records lack an effect of their own",
    sql: `select count(*) - count(distinct e.entry_id) from idempotency_records r left join ledger_entries e
      on e.tenant = r.tenant and e.customer_id = r.caller and e.entry_id = r.redemption_id and e.coupon_code = r.answer`,
  },
];

/**
 * Looks whether a peer's books add up.
 * @param count runs a query and gives the one number that it selects
 * @returns sentences that say what does not
 */
export async function faultsOfBooks(
  count: (sql: string) => Promise<number>,
  { mayOverspend }: { readonly mayOverspend: boolean },
): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const rule of bookRules.filter((candidate) => !(mayOverspend && candidate.mayOverspend === true))) {
    const times = await count(rule.sql);
    if (times !== 0) faults.push(`${rule.fault}: ${times}`);
  }
  return faults;
}

/** Selects how many coupons, at `price` points each, customers have got beyond what their lots were worth. */
export const overIssuedSql = (price: number): string =>
  `select coalesce(sum(ceil(lack / ${price}.0)), 0) from (
    select sum(used_points) - sum(points) as lack from lots group by tenant, customer_id
  ) as customers where lack > 0`;
