import { z } from "zod";
import { tally } from "../../scripts/verify/test-shop.ts";
import { type Contestant, couponPrice } from "../contestant.ts";
import { type RawRequest, runLoad } from "../load.ts";
import { startFastify } from "./fastify.ts";
import { PostgresMissing } from "./postgres.ts";
import { startConditionalBatchWorker } from "./worker-conditional-batch.ts";
import { startSelectUpdateWorker } from "./worker-select-update.ts";

// Shows that the benchmark's peers work, and how fast they are by themselves: node bench/peers/check.ts [name …]

const loadSeconds = 2;
const loadClients = 32;
const spreadCustomers = 1_000;
const plenty = 1_000_000;
/** No question takes longer. */
const answersSecondsMax = 60;

const peers: Readonly<Record<string, () => Promise<Contestant>>> = {
  "fastify-for-update": () => startFastify("for-update"),
  "fastify-stored-function": () => startFastify("stored-function"),
  "worker-select-update": startSelectUpdateWorker,
  "worker-conditional-batch": startConditionalBatchWorker,
};

const codeShape = z.object({ code: z.string() });

function expect(what: string, found: unknown, wanted: unknown): void {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) {
    throw new Error(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Sends each request, as many at once as there are clients. */
async function askAll(port: number, requests: readonly RawRequest[], clients: number): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  const unsent = [...requests];
  const onAnswer = (status: number, body: string) => answers.push({ status, body });
  await runLoad({ port, clients, seconds: answersSecondsMax, next: () => unsent.pop() ?? null, onAnswer });
  expect("the number of answers", answers.length, requests.length);
  return answers;
}

async function ask(port: number, request: RawRequest): Promise<Answer> {
  const [answer] = await askAll(port, [request], 1);
  if (answer === undefined) throw new Error("There was no answer.");
  return answer;
}

async function checkExchanges(contestant: Contestant): Promise<void> {
  const { port } = contestant;
  const codes = new Set<string>();
  for (const customer of await contestant.openCustomers(3, 3 * couponPrice + 1)) {
    for (const left of [2, 1, 0]) {
      const request = customer.redeem();
      const first = await ask(port, request);
      expect("an exchange", first.status, 200);
      codes.add(codeShape.parse(JSON.parse(first.body)).code);
      expect("the same request again", await ask(port, request), first);
      const reused = Buffer.from(request.toString().replace(/\{"id":"voucher"\}$/, '{"id":"vouchee"}'));
      expect("its key for another request", (await ask(port, reused)).status, 422);
      if (customer.balance !== null) {
        expect("the balance", (await ask(port, customer.balance)).body, String(left * couponPrice + 1));
      }
    }
    const request = customer.redeem();
    expect("an exchange without points", (await ask(port, request)).status, 400);
    expect("the same again", (await ask(port, request)).status, 400);
    const stranger = Buffer.from(request.toString().replace(/(Bearer [^.]+\.[^.]+\.).{4}/, "$1AAAA"));
    expect("a forged token", (await ask(port, stranger)).status, 401);
    const keyless = Buffer.from(request.toString().replace("Idempotency-Key", "Another-Header"));
    expect("no key", (await ask(port, keyless)).status, 400);
  }
  expect("different codes", codes.size, 9);
}

/** One request, sent by many at once, is one exchange. */
async function checkRepetitions(contestant: Contestant): Promise<void> {
  for (const customer of await contestant.openCustomers(5, 2 * couponPrice)) {
    const request = customer.redeem();
    const answers = await askAll(contestant.port, Array<RawRequest>(loadClients).fill(request), loadClients);
    expect("different answers", new Set(answers.map(({ status, body }) => `${status} ${body}`)).size, 1);
    expect("their status", answers[0]?.status, 200);
    if (customer.balance !== null) {
      expect("the balance", (await ask(contestant.port, customer.balance)).body, String(couponPrice));
    }
  }
}

/** Many clients and few points. */
async function race(contestant: Contestant): Promise<void> {
  const customers = await contestant.openCustomers(20, 5 * couponPrice);
  const requests = customers.flatMap((customer) => Array.from({ length: 20 }, () => customer.redeem()));
  const answers = await askAll(contestant.port, requests, loadClients);
  console.log(`  race for 100 coupons: ${tally(answers.map(({ status }) => status))}`);
}

async function measure(contestant: Contestant, what: string, next: () => RawRequest): Promise<void> {
  const load = { port: contestant.port, clients: loadClients, seconds: loadSeconds, next };
  const { answers, seconds, statuses } = await runLoad(load);
  const counts = [...statuses].map(([status, count]) => `${count} × ${status}`).join(", ");
  console.log(`  ${what}: ${Math.round(answers / seconds)} a second (${counts})`);
}

async function check(name: string, start: () => Promise<Contestant>): Promise<void> {
  console.log(name);
  const contestant = await start();
  try {
    await checkExchanges(contestant);
    await checkRepetitions(contestant);
    await race(contestant);
    const [hot] = await contestant.openCustomers(1, plenty);
    const many = await contestant.openCustomers(spreadCustomers, plenty);
    if (hot === undefined) throw new Error("There is no customer.");
    const { balance } = hot;
    let index = 0;
    const turn = () => {
      index += 1;
      return many[index % many.length] ?? hot;
    };
    // First once for everybody: tokens are verified, statements prepared.
    await measure(contestant, "warm-up", () => turn().redeem());
    await measure(contestant, "redeem, one hot customer", () => hot.redeem());
    await measure(contestant, `redeem, spread over ${spreadCustomers}`, () => turn().redeem());
    if (balance !== null) await measure(contestant, "balance, one customer", () => balance);
    const repeated = hot.redeem();
    await measure(contestant, "replay of one exchange", () => repeated);
    const startedAt = performance.now();
    const violations = await contestant.violations();
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    console.log(
      `  violations: ${violations.length === 0 ? "none" : violations.join("; ")} (looked for in ${seconds} s)`,
    );
    console.log(`  over-issued coupons: ${await contestant.overIssued()}`);
    if (violations.length > 0) process.exitCode = 1;
  } finally {
    await contestant.stop();
  }
}

const wanted = process.argv.slice(2);
for (const [name, start] of Object.entries(peers)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  try {
    await check(name, start);
  } catch (error) {
    if (!(error instanceof PostgresMissing)) throw error;
    console.log(`  left out: ${error.message}`);
  }
}
