import type { LedgerKey } from "../../../src/ledger/rules/ledger-key.ts";

// What must hold of a customer's rows whatever has happened, asked of D1 itself, past the service. ?1 is the tenant,
// ?2 the customer.

const own = "tenant = ?1 and customer_id = ?2";
const drawing = "('redeemed', 'reversed', 'settled')";
const left = "points - used_points - expired_points";
const sumOfLots = `(select coalesce(sum(${left}), 0) from lots where ${own})`;

/** Each law with a query that finds what breaks it. */
const laws: Readonly<Record<string, string>> = {
  "the entries are numbered 1, 2, 3, … without a gap": `
    select count(*) from ledger_entries where ${own} having count(*) > 0 and (min(sequence) <> 1 or max(sequence) <> count(*))`,
  "each entry carries the seal of the one before": `
    select sequence from (
      select sequence, previous_seal, seal, lag(seal, 1, '') over (order by sequence) as before
      from ledger_entries where ${own}
    ) where previous_seal <> before or seal = ''`,
  "the head is the last entry": `
    select sequence from ledgers where ${own} and (sequence, head) is not (
      select sequence, seal from ledger_entries where ${own} order by sequence desc limit 1)`,
  "no entry is without its ledger": `
    select 1 from ledger_entries where ${own} and not exists (select 1 from ledgers where ${own})`,
  "Σ entries = the ledger's points": `
    select points from ledgers where ${own} and points <> (
      select coalesce(sum(case when kind in ('granted', 'restored', 'refunded') then points
                               when kind in ${drawing} or kind = 'expired' then -points else 0 end), 0)
      from ledger_entries where ${own})`,
  "the ledger's points = Σ what is left of the lots": `
    select points from ledgers where ${own} and points <> ${sumOfLots}`,
  "no lot is without its ledger": `select 1 from lots where ${own} and not exists (select 1 from ledgers where ${own})`,
  "what a lot has given is what its usages say": `
    select lot_id from lots where ${own} and used_points <> (
      select coalesce(sum(points), 0) from lot_usages u
      where u.tenant = ?1 and u.customer_id = ?2 and u.lot_id = lots.lot_id)`,
  "what an entry takes is what lots have given for it": `
    select sequence from ledger_entries e where ${own} and kind in ${drawing} and points <> (
      select coalesce(sum(points), 0) from lot_usages u
      where u.tenant = ?1 and u.customer_id = ?2 and u.sequence = e.sequence)`,
  "what an entry puts back is what lots have got of it": `
    select sequence from ledger_entries e where ${own} and kind = 'restored' and -points <> (
      select coalesce(sum(points), 0) from lot_usages u
      where u.tenant = ?1 and u.customer_id = ?2 and u.sequence = e.sequence and u.taken_by = e.related_id)`,
  "nothing comes back that was not taken": `
    select taken_by from lot_usages where ${own} group by taken_by, lot_id having sum(points) < 0`,
  "no lot gives more than it has": `select lot_id from lots where ${own} and ${left} < 0`,
  "no balance is below what is owed": `
    select points from ledgers where ${own} and (points < 0 or owed < 0 or absorbed < 0)`,
  "every redemption for a coupon has its coupon": `
    select sequence from ledger_entries e where ${own} and kind = 'redeemed' and coupon_code is not null and 1 <> (
      select count(*) from coupons where tenant = ?1 and exchange_id = e.entry_id and code = e.coupon_code
    ) + (
      select count(*) from exchanges where ${own} and exchange_id = e.entry_id and coupon_code = e.coupon_code)`,
  "every coupon has its redemption": `
    select code from coupons where tenant = ?1 and issued_to = ?2 and not exists (
      select 1 from ledger_entries e
      where e.tenant = ?1 and e.customer_id = ?2 and e.entry_id = exchange_id and e.coupon_code = code)`,
  "an order earns once": `
    select reference_id from ledger_entries where tenant = ?1 and order_value is not null
    group by reference_id having count(*) > 1`,
  "no key is answered without its effect": `
    select answer ->> '$.value.kind' as kind from idempotency_records where ${own} and answer ->> '$.ok' = 1
    group by kind having count(*) > (
      select count(*) from ledger_entries where ${own} and kind = case answer ->> '$.value.kind'
        when 'exchanged' then 'redeemed' when 'reserved' then 'redeemed' else answer ->> '$.value.kind' end)`,
  "a coupon counts its uses": `
    select code from coupons where tenant = ?1 and redemption_count <> (
      select count(*) from coupon_uses r
      where r.tenant = ?1 and r.canonical_code = coupons.canonical_code and r.cancelled_at is null)`,
  "an exchange is paid back once, or not at all": `
    select exchange_id from exchanges where ${own} and (state in ('REFUSED', 'GIVEN_BACK')) <> exists (
      select 1 from ledger_entries e
      where e.tenant = ?1 and e.customer_id = ?2 and e.kind in ('restored', 'refunded') and e.related_id = exchange_id)`,
};

/** The laws that the rows of a customer break, with an example each; nothing when all hold. */
export async function brokenLaws(database: D1Database, { tenant, customerId }: LedgerKey): Promise<readonly string[]> {
  const statements = Object.values(laws).map((sql) => {
    // D1 wants as many values as there are parameters.
    const values = sql.includes("?2") ? [tenant, customerId] : [tenant];
    return database.prepare(sql).bind(...values);
  });
  const answers = await database.batch(statements);
  return Object.keys(laws).flatMap((law, index) => {
    const [example] = answers[index]?.results ?? [];
    return example === undefined ? [] : [`not true: ${law}; for example ${JSON.stringify(example)}`];
  });
}
