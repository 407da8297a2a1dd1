import type { BenchCustomer } from "./contestant.ts";
import { type LoadPlan, type LoadResult, type RawRequest, runLoad, sendAll } from "./load.ts";
import { type Ours, startOurs } from "./ours.ts";
import { quantileOf, type ResultRow } from "./results.ts";
import { runRounds, type Station } from "./rounds.ts";

/** What is compared: how many there are, and for how long. */
export interface LanePlan {
  readonly rounds: number;
  readonly clients: number;
  readonly seconds: number;
  readonly customers: number;
  /** More than any run takes from one customer. */
  readonly points: number;
}

interface Side {
  readonly ours: Ours;
  readonly spread: readonly BenchCustomer[];
  readonly single: BenchCustomer;
  readonly balances: readonly RawRequest[];
}

/** The service with as many commit lanes, and its customers. */
async function startSide(worker: string, lanes: number, plan: LanePlan): Promise<Side> {
  const ours = await startOurs(worker, { variables: { COMMIT_LANES: String(lanes) } });
  const spread = await ours.openCustomers(plan.customers, plan.points);
  const [single] = spread;
  if (single === undefined) throw new Error("No customer was opened.");
  return { ours, spread, single, balances: spread.flatMap(({ balance }) => balance ?? []) };
}

/** @throws {Error} unless every redemption succeeds: anything else would be measured as if it were work */
async function redeemed(name: string, load: LoadPlan): Promise<LoadResult> {
  const result = await runLoad(load);
  const others = [...result.statuses].filter(([status]) => status !== 200);
  if (others.length > 0) throw new Error(`${name} a lane: ${others.map((other) => other.join(": ")).join(", ")}`);
  return result;
}

/** Redemptions of one client in a row, and how often each side has its turn in a round. */
const slice = 20;
const slices = 15;

/** Milliseconds that half of one client's redemptions do not exceed. The sides take turns, since a machine changes its pace. */
async function oneClientMedians<Name extends string>(
  sides: Readonly<Record<Name, Side>>,
): Promise<Record<Name, number>> {
  const names = Object.keys(sides) as Name[];
  const microseconds = new Map(names.map((name): [Name, number[]] => [name, []]));
  for (let turn = 0; turn < slices; turn += 1) {
    for (const name of turn % 2 === 0 ? names : names.toReversed()) {
      const { ours, single } = sides[name];
      let left = slice;
      const next = () => (left-- > 0 ? single.redeem() : null);
      const result = await redeemed(name, { port: ours.port, clients: 1, seconds: 60, next });
      microseconds.get(name)?.push(...result.microseconds);
    }
  }
  const medianOfSide = (name: Name) => quantileOf(microseconds.get(name) ?? [], 0.5) / 1_000;
  return Object.fromEntries(names.map((name) => [name, medianOfSide(name)])) as Record<Name, number>;
}

/** Redemptions with one commit lane and with none, in turn. */
export async function laneRows(worker: string, plan: LanePlan): Promise<readonly ResultRow[]> {
  const sides = { without: await startSide(worker, 0, plan), with: await startSide(worker, 1, plan) };
  try {
    const apart = Object.entries(sides).flatMap(([name, { ours, spread, single, balances }]): Station[] => {
      let taken = 0;
      const next = () => spread[taken++ % spread.length]?.redeem() ?? single.redeem();
      const run = async (request: () => RawRequest) => {
        // No object has to be woken up: they fall asleep after ten seconds.
        await sendAll(ours.port, balances);
        const { answers, seconds } = await redeemed(name, {
          port: ours.port,
          clients: plan.clients,
          seconds: plan.seconds,
          next: request,
        });
        return answers / seconds;
      };
      return [
        { name: `${name}, spread`, run: () => run(next) },
        { name: `${name}, hot`, run: () => run(() => single.redeem()) },
      ];
    });
    const oneClient: Record<keyof typeof sides, number>[] = [];
    const stations = [
      ...apart,
      {
        name: "one client",
        run: async () => {
          const medians = await oneClientMedians(sides);
          oneClient.push(medians);
          return medians.with / medians.without;
        },
      },
    ];
    // Code is compiled and tables are filled before anything counts.
    await runRounds(1, stations);
    oneClient.length = 0;
    const measured = await runRounds(plan.rounds, stations);
    // Once, at the end: what two databases hold takes longer to look through than it took to come.
    for (const [name, { ours }] of Object.entries(sides)) {
      for (const violation of await ours.violations()) console.error(`Void: ${name} a lane: ${violation}`);
    }
    const ratio = (measure: string, name: string): ResultRow => ({
      measure,
      unit: "",
      values: measured.ratios(`with, ${name}`, `without, ${name}`),
      target: null,
    });
    return [
      ratio(`redeem, ${plan.customers.toLocaleString("en-US")} customers, with the lane / without`, "spread"),
      ratio("redeem, one hot customer, with the lane / without", "hot"),
      {
        measure: "redeem, one client, p50, with the lane / without",
        unit: "",
        values: measured.of("one client"),
        target: { kind: "at most", value: 1.25 },
      },
      {
        measure: "redeem, one client, p50: what the lane adds",
        unit: "ms",
        values: oneClient.map((medians) => medians.with - medians.without),
        target: null,
      },
    ];
  } finally {
    await Promise.all([sides.without.ours.stop(), sides.with.ours.stop()]);
  }
}
