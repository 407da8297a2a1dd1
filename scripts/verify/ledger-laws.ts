import { z } from "zod";
import { ServiceClient } from "./http-client.ts";
import type { Runtime } from "./runtime.ts";

// What must hold of the stored rows whatever has happened, asked of D1 itself, past the service.

const key = "tenant, customer_id";
const sameLedger = (left: string, right: string): string =>
  `${left}.tenant = ${right}.tenant and ${left}.customer_id = ${right}.customer_id`;
const drawing = "('redeemed', 'reversed', 'settled')";

/** Each law with a query that finds what breaks it. */
const laws: Readonly<Record<string, string>> = {
  "the entries of a ledger are numbered 1, 2, 3, … without a gap": `
    select ${key} from ledger_entries group by ${key} having min(sequence) <> 1 or max(sequence) <> count(*)`,
  "Σ entries = Σ what is left of the lots": `
    select ${key} from ledgers where
      (select coalesce(sum(case when kind in ('granted', 'restored', 'refunded') then points
                                when kind in ${drawing} or kind = 'expired' then -points else 0 end), 0)
       from ledger_entries e where ${sameLedger("e", "ledgers")})
      <> (select coalesce(sum(points - used_points - expired_points), 0) from lots where ${sameLedger("lots", "ledgers")})`,
  "what a lot has given is what its usages say": `
    select ${key} from lots where used_points <> (
      select coalesce(sum(u.points), 0) from lot_usages u where ${sameLedger("u", "lots")} and u.lot_id = lots.lot_id)`,
  "what an entry takes is what lots have given for it": `
    with taken as (select ${key}, sequence, sum(points) as points from lot_usages group by ${key}, sequence)
    select e.tenant, e.customer_id from ledger_entries e
    left join taken on ${sameLedger("taken", "e")} and taken.sequence = e.sequence
    where kind in ${drawing} and e.points <> coalesce(taken.points, 0)`,
  "nothing comes back that was not taken": `
    select ${key} from lot_usages group by ${key}, taken_by, lot_id having sum(points) < 0`,
  "no lot gives more than it has": `select ${key} from lots where used_points + expired_points > points`,
  "no balance was ever below zero": `select ${key} from ledger_entries where balance_after < 0`,
  "every exchange has its coupon": `
    select ${key} from ledger_entries where kind = 'redeemed' and coupon_code is not null
      and (tenant, entry_id, coupon_code) not in (select tenant, exchange_id, code from coupons)`,
  "every coupon has its exchange": `
    select c.tenant, c.issued_to as customer_id from coupons c
    left join ledger_entries e on e.tenant = c.tenant and e.customer_id = c.issued_to and e.entry_id = c.exchange_id
    where e.entry_id is null or e.coupon_code <> c.code`,
  "no code was issued twice": "select tenant, code from coupons group by tenant, code having count(*) > 1",
  "an order earns once": `
    select tenant, reference_id from ledger_entries where order_value is not null
    group by tenant, reference_id having count(*) > 1`,
  "a ledger's head is its last entry, and its points are its lots'": `
    select ${key} from ledgers where
      sequence <> (select coalesce(max(sequence), 0) from ledger_entries e where ${sameLedger("e", "ledgers")})
      or points <> (select coalesce(sum(points - used_points - expired_points), 0) from lots
                    where ${sameLedger("lots", "ledgers")})`,
};

/** What breaks a law, in words; nothing when all hold. */
export async function brokenLaws(runtime: Runtime): Promise<readonly string[]> {
  const broken: string[] = [];
  for (const [law, sql] of Object.entries(laws)) {
    const rows = await runtime.query(sql);
    if (rows.length > 0) broken.push(`not true in ${rows.length} places: ${law}; first: ${JSON.stringify(rows[0])}`);
  }
  return broken;
}

const verifyConcurrency = 8;
const verdictShape = z.looseObject({ sound: z.boolean() });

/** What the service's own verification says against the tenant's ledgers; nothing when all are sound. */
export async function unsoundLedgers(runtime: Runtime, tenant: string): Promise<readonly string[]> {
  const token = await runtime.employeeToken(tenant);
  const client = new ServiceClient(runtime.url);
  const rows = await runtime.query<{ customer_id: string }>("select customer_id from ledgers where tenant = ?", tenant);
  const unsound: string[] = [];
  const waiting = rows.map(({ customer_id }) => customer_id);
  const work = async () => {
    for (let customerId = waiting.pop(); customerId !== undefined; customerId = waiting.pop()) {
      const path = `/reward-points/customer/${customerId}/verify`;
      const { status, body } = await client.call({ method: "GET", path, token });
      if (status !== 200 || !verdictShape.parse(JSON.parse(body)).sound) unsound.push(`${path}: ${status} ${body}`);
    }
  };
  await Promise.all(Array.from({ length: verifyConcurrency }, work));
  client.close();
  return unsound;
}
