import { brokenLaws } from "../scripts/verify/ledger-laws.ts";
import { Runtime, type RuntimeOptions } from "../scripts/verify/runtime.ts";
import { TestShop } from "../scripts/verify/test-shop.ts";
import { type BenchCustomer, type Contestant, couponPrice } from "./contestant.ts";
import { rawRequest } from "./load.ts";

const optionId = "voucher";
/** Grants that are sent at a time. */
const grantsAtOnce = 64;

/** Coupons of each customer beyond what all of the customer's points pay for. */
const overIssuedSql = `
  select coalesce(sum(beyond), 0) as count from (
    select max(0, count(*) - coalesce((
      select sum(points) from lots where lots.tenant = coupons.tenant and lots.customer_id = coupons.issued_to
    ), 0) / ?1) as beyond
    from coupons where tenant = ?2 group by tenant, issued_to
  )`;

/** The service itself: built as it is deployed, with all that it does. */
export interface Ours extends Contestant {
  readonly runtime: Runtime;
  readonly shop: TestShop;
}

/** @param worker what `buildWorker` has built */
export async function startOurs(worker: string, options: RuntimeOptions = {}): Promise<Ours> {
  const runtime = await Runtime.start(worker, options);
  const shop = await TestShop.open(runtime, "bench");
  await shop.addOption(optionId, couponPrice);
  let opened = 0;

  async function open(points: number): Promise<BenchCustomer> {
    opened += 1;
    const id = `C${opened}`;
    await shop.grant(id, points);
    const token = await shop.customerToken(id);
    return {
      id,
      balance: rawRequest({ method: "GET", path: "/reward-points/public/customer", token }),
      redeem: () =>
        rawRequest({
          method: "POST",
          path: "/reward-points/public/customer/redeem",
          token,
          headers: { "Idempotency-Key": crypto.randomUUID() },
          body: { id: optionId },
        }),
    };
  }

  return {
    runtime,
    shop,
    port: Number(new URL(runtime.url).port),
    async openCustomers(count, points) {
      const customers: BenchCustomer[] = [];
      let left = count;
      const work = async () => {
        while (left > 0) {
          left -= 1;
          customers.push(await open(points));
        }
      };
      await Promise.all(Array.from({ length: grantsAtOnce }, work));
      return customers;
    },
    violations: () => brokenLaws(runtime),
    overIssued: async () => {
      const [row] = await runtime.query<{ count: number }>(overIssuedSql, couponPrice, shop.tenant);
      return row?.count ?? 0;
    },
    stop: () => runtime.stop(),
  };
}
