import type { BenchCustomer } from "./contestant.ts";
import { type RawRequest, runLoad, sendAll } from "./load.ts";
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

/** Redemptions with one commit lane and with none, in turn. */
export async function laneRows(worker: string, plan: LanePlan): Promise<readonly ResultRow[]> {
  const sides = { without: await startSide(worker, 0, plan), with: await startSide(worker, 1, plan) };
  try {
    const stations = Object.entries(sides).flatMap(([name, { ours, spread, single, balances }]): Station[] => {
      let taken = 0;
      const next = () => spread[taken++ % spread.length]?.redeem() ?? single.redeem();
      const run = async (clients: number, request: () => RawRequest) => {
        // No object has to be woken up: they fall asleep after ten seconds.
        await sendAll(ours.port, balances);
        const result = await runLoad({ port: ours.port, clients, seconds: plan.seconds, next: request });
        const others = [...result.statuses].filter(([status]) => status !== 200);
        if (others.length > 0) throw new Error(`${name} a lane: ${others.map((other) => other.join(": ")).join(", ")}`);
        return result;
      };
      return [
        {
          name: `${name}, spread`,
          run: async () => {
            const { answers, seconds } = await run(plan.clients, next);
            return answers / seconds;
          },
        },
        {
          name: `${name}, hot`,
          run: async () => {
            const { answers, seconds } = await run(plan.clients, () => single.redeem());
            return answers / seconds;
          },
        },
        {
          name: `${name}, one client`,
          run: async () => quantileOf((await run(1, () => single.redeem())).microseconds, 0.5),
        },
      ];
    });
    // Code is compiled and tables are filled before anything counts.
    await runRounds(1, stations);
    const measured = await runRounds(plan.rounds, stations);
    // Once, at the end: what two databases hold takes longer to look through than it took to come.
    for (const [name, { ours }] of Object.entries(sides)) {
      for (const violation of await ours.violations()) console.error(`Void: ${name} a lane: ${violation}`);
    }
    const ratio = (measure: string, name: string, target: ResultRow["target"] = null): ResultRow => ({
      measure,
      unit: "",
      values: measured.ratios(`with, ${name}`, `without, ${name}`),
      target,
    });
    return [
      ratio(`redeem, ${plan.customers.toLocaleString("en-US")} customers, with the lane / without`, "spread"),
      ratio("redeem, one hot customer, with the lane / without", "hot"),
      ratio("redeem, one client, p50, with the lane / without", "one client", { kind: "at most", value: 1.25 }),
      {
        measure: "redeem, one client, p50, without the lane",
        unit: "ms",
        values: measured.of("without, one client").map((microseconds) => microseconds / 1_000),
        target: null,
      },
    ];
  } finally {
    await Promise.all([sides.without.ours.stop(), sides.with.ours.stop()]);
  }
}
