import type { ServiceCall } from "./http-client.ts";
import { brokenLaws } from "./ledger-laws.ts";
import { type RowRun, runRow } from "./measured-row.ts";
import { Random } from "./random.ts";
import { buildWorker, Runtime } from "./runtime.ts";
import { codeIn, distinct, TestShop, tally } from "./test-shop.ts";

// One request 200 times at once under one idempotency key; then the same key with another body, and by another caller.

const atOnce = 200;

/** One operation, ready to be repeated. */
interface Repeatable {
  readonly call: ServiceCall;
  /** Asks for something else under the same key. */
  readonly otherBody: ServiceCall;
  /** The same key in somebody else's hands. */
  readonly otherCaller: ServiceCall;
  /** How often it has been done, by whoever sends `call` and by the other one. */
  effects(): Promise<{ readonly own: number; readonly others: number }>;
}

type Prepare = (shop: TestShop, runtime: Runtime, random: Random, name: string) => Promise<Repeatable>;

const entriesOf = async (runtime: Runtime, shop: TestShop, kind: string, customerId: string): Promise<number> => {
  const sql = "select sequence from ledger_entries where tenant = ? and customer_id = ? and kind = ?";
  return (await runtime.query(sql, shop.tenant, customerId, kind)).length;
};

const preparations: Readonly<Record<string, Prepare>> = {
  exchange: async (shop, _runtime, random, name) => {
    const [customer, other] = [`${name}-a`, `${name}-b`];
    const points = random.between(1, 100);
    for (const id of ["x", "y"]) await shop.addOption(`${name}-${id}`, points);
    for (const id of [customer, other]) await shop.grant(id, points * random.between(2, 5));
    return {
      call: await shop.exchanging(customer, `${name}-x`),
      otherBody: await shop.exchanging(customer, `${name}-y`),
      otherCaller: await shop.exchanging(other, `${name}-x`),
      effects: async () => ({
        own: (await shop.couponCodes(customer)).length,
        others: (await shop.couponCodes(other)).length,
      }),
    };
  },
  addPoints: async (shop, runtime, random, name) => {
    const points = random.between(1, 1000);
    const other = { ...shop.granting(`${name}-b`, points), token: await runtime.employeeToken(shop.tenant, "other") };
    return {
      call: shop.granting(`${name}-a`, points),
      otherBody: shop.granting(`${name}-a`, points + 1),
      otherCaller: other,
      effects: async () => ({
        own: await entriesOf(runtime, shop, "granted", `${name}-a`),
        others: await entriesOf(runtime, shop, "granted", `${name}-b`),
      }),
    };
  },
  redeemPoints: async (shop, runtime, random, name) => {
    const points = random.between(1, 100);
    const token = await runtime.employeeToken(shop.tenant, "other");
    for (const id of ["a", "b"]) await shop.grant(`${name}-${id}`, points * random.between(2, 5));
    return {
      call: shop.redeeming(`${name}-a`, points),
      otherBody: shop.redeeming(`${name}-a`, points + 1),
      otherCaller: { ...shop.redeeming(`${name}-b`, points), token },
      effects: async () => ({
        own: await entriesOf(runtime, shop, "redeemed", `${name}-a`),
        others: await entriesOf(runtime, shop, "redeemed", `${name}-b`),
      }),
    };
  },
  redeemOption: async (shop, runtime, random, name) => {
    const path = `/reward-points/${shop.tenant}/redeemOptions`;
    const coupon = { name, discountType: "PERCENT", discountPercentage: 5, maxRedemptions: 1 };
    const option = (title: string, token = shop.employee): ServiceCall => {
      return { method: "POST", path, token, json: { type: "coupon", name: title, points: 7, coupon } };
    };
    const named = async (title: string) => {
      const sql = "select id from redeem_options where tenant = ? and name = ?";
      return (await runtime.query(sql, shop.tenant, title)).length;
    };
    const [title, other] = [`${name} ${random.between(1, 9)}`, `${name} other`];
    return {
      call: option(title),
      otherBody: option(`${title} changed`),
      otherCaller: option(other, await runtime.employeeToken(shop.tenant, "other")),
      effects: async () => ({
        own: (await named(title)) + (await named(`${title} changed`)),
        others: await named(other),
      }),
    };
  },
  couponUse: async (shop, runtime, random, name) => {
    const [customer, other] = [`${name}-a`, `${name}-b`];
    // A coupon for many uses: only the key holds them back from one another.
    await shop.addOption(name, 1, { maxRedemptions: 10_000 });
    await shop.grant(customer, 1);
    const code = codeIn(await shop.expect([200], await shop.exchanging(customer, name)));
    const path = `/coupon/${shop.tenant}/coupons/${code}/redemptions`;
    const discount = { amount: random.between(1, 10), currency: "EUR" };
    const use = async (customerId: string, total: number): Promise<ServiceCall> => {
      const json = { orderTotal: { amount: total, currency: "EUR" }, discount };
      return { method: "POST", path, token: await shop.customerToken(customerId), json };
    };
    const usesBy = async (customerId: string) => {
      const sql = "select use_id from coupon_uses where tenant = ? and customer_id = ?";
      return (await runtime.query(sql, shop.tenant, customerId)).length;
    };
    return {
      call: await use(customer, 200),
      otherBody: await use(customer, 201),
      otherCaller: await use(other, 200),
      effects: async () => ({ own: await usesBy(customer), others: await usesBy(other) }),
    };
  },
};

await runRow("repetitions", async (run) => {
  const random = new Random(run.seed);
  const runtime = await Runtime.start(await buildWorker());
  try {
    const shop = await TestShop.open(runtime, "repetitions");
    const operations = Object.entries(preparations);
    let wrong = 0;
    let cases = 0;
    for (let round = 0; round < run.sized(1, 10); round += 1) {
      for (const [operation, prepare] of operations) {
        cases += 1;
        const repeatable = await prepare(shop, runtime, random, `${operation}-${round}`);
        const faults = await repeat(shop, repeatable, `key-${operation}-${round}`);
        if (faults.length > 0) wrong += 1;
        for (const fault of faults) run.fault(`${operation}: ${fault}`);
      }
    }
    await reportLaws(runtime, run);
    return { number: wrong, words: `wrong of ${cases} keys, ${operations.length} operations, ${atOnce} times at once` };
  } finally {
    await runtime.stop();
  }
});

async function reportLaws(runtime: Runtime, run: RowRun): Promise<void> {
  for (const fault of await brokenLaws(runtime)) run.fault(fault);
}

async function repeat(shop: TestShop, repeatable: Repeatable, idempotencyKey: string): Promise<readonly string[]> {
  const faults: string[] = [];
  const answers = await Promise.all(
    Array.from({ length: atOnce }, () => shop.call({ ...repeatable.call, idempotencyKey })),
  );
  const done = answers.filter(({ status }) => status >= 200 && status < 300);
  const busy = answers.filter(({ status }) => status === 409);
  if (done.length === 0 || done.length + busy.length !== atOnce) {
    faults.push(`answers: ${tally(answers.map(({ status }) => status))}`);
  }
  if (distinct(done.map(({ status, body }) => `${status} ${body}`)) > 1) faults.push("the answers are not the same");
  const first = done.filter(({ headers }) => headers["idempotency-replayed"] !== "true");
  if (first.length !== 1) faults.push(`${first.length} answers do not say that they are replays`);
  const { own } = await repeatable.effects();
  if (own !== 1) faults.push(`it was done ${own} times`);

  const changed = await shop.call({ ...repeatable.otherBody, idempotencyKey });
  if (changed.status !== 422) faults.push(`another body under the same key: ${changed.status} ${changed.body}`);
  const other = await shop.call({ ...repeatable.otherCaller, idempotencyKey });
  if (other.status < 200 || other.status >= 300 || other.headers["idempotency-replayed"] === "true") {
    faults.push(`the same key by another caller: ${other.status} ${other.body}`);
  }
  const after = await repeatable.effects();
  if (after.own !== 1 || after.others !== 1) faults.push(`afterwards: ${after.own} own, ${after.others} of the other`);
  return faults;
}
