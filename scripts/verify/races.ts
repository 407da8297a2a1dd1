import { brokenLaws } from "./ledger-laws.ts";
import { runRow } from "./measured-row.ts";
import { Random } from "./random.ts";
import { buildWorker, Runtime } from "./runtime.ts";
import { codeIn, distinct, TestShop, tally } from "./test-shop.ts";

// N exchanges of one customer at once, over HTTP, with a random balance and price: as many succeed as the balance
// pays for, and all others are told that the points do not suffice.

/** How many cases of each number of exchanges at once, small and full. */
const cases = [
  { atOnce: 2, small: 3, full: 70 },
  { atOnce: 10, small: 2, full: 60 },
  { atOnce: 50, small: 1, full: 40 },
  { atOnce: 200, small: 1, full: 20 },
  { atOnce: 1000, small: 1, full: 12 },
] as const;

await runRow("races", async (run) => {
  const random = new Random(run.seed);
  const runtime = await Runtime.start(await buildWorker());
  try {
    const shop = await TestShop.open(runtime, "races");
    let count = 0;
    let requests = 0;
    let wrong = 0;
    for (const { atOnce, small, full } of cases) {
      for (let index = 0; index < run.sized(small, full); index += 1) {
        count += 1;
        requests += atOnce;
        const faults = await race(shop, random, `C${count}`, atOnce);
        if (faults.length > 0) wrong += 1;
        for (const fault of faults) run.fault(`case ${count}, ${atOnce} at once: ${fault}`);
      }
    }
    for (const fault of await brokenLaws(runtime)) run.fault(fault);
    return { number: wrong, words: `wrong of ${count} cases, ${requests} redemptions` };
  } finally {
    await runtime.stop();
  }
});

async function race(shop: TestShop, random: Random, customerId: string, atOnce: number): Promise<readonly string[]> {
  const cost = random.between(1, 200);
  // From nothing at all to more than enough for everybody.
  const balance = random.between(0, Math.ceil(atOnce * cost * 1.2));
  const optionId = `option-${customerId}`;
  await shop.addOption(optionId, cost);
  // In several lots, so that one redemption takes from more than one.
  const lots = random.between(1, 4);
  for (let lot = 0; lot < lots && balance >= lots; lot += 1) {
    const points = Math.floor(balance / lots) + (lot === 0 ? balance % lots : 0);
    await shop.grant(customerId, points);
  }
  const paid = balance >= lots ? balance : 0;
  const call = await shop.exchanging(customerId, optionId);
  const answers = await Promise.all(Array.from({ length: atOnce }, () => shop.call(call)));

  const faults: string[] = [];
  const expected = Math.min(atOnce, Math.floor(paid / cost));
  const successes = answers.filter(({ status }) => status === 200);
  const refused = answers.filter(({ status, body }) => status === 400 && body.includes("Not enough points"));
  const codes = successes.map(codeIn);
  if (successes.length !== expected) faults.push(`${successes.length} successes instead of ${expected}`);
  if (successes.length + refused.length !== atOnce) {
    faults.push(`answers: ${tally(answers.map(({ status }) => status))}`);
  }
  if (distinct(codes) !== successes.length) faults.push(`${distinct(codes)} codes for ${successes.length} successes`);
  const stored = await shop.couponCodes(customerId);
  if (stored.length !== codes.length || distinct([...stored, ...codes]) !== codes.length) {
    faults.push(`${stored.length} coupons are stored, ${codes.length} were answered`);
  }
  if (paid > 0) {
    const left = await shop.balance(customerId);
    if (left !== paid - expected * cost) faults.push(`${left} points are left instead of ${paid - expected * cost}`);
  }
  return faults;
}
