import { type FaultRates, frailWorker, laneFaultEvent, laneFaults, makeLanesFrail } from "./frail-lanes.ts";
import { LoadInDoubt } from "./load-in-doubt.ts";
import { runRow } from "./measured-row.ts";
import { buildWorker, Runtime } from "./runtime.ts";

// A commit lane that is killed, stalls, is late, loses its answers and carries out commits twice, while many customers
// commit through it.

const tenant = "lanes";

/** The fault that a log line tells, or null. */
function faultOf(line: string): string | null {
  if (!line.includes(laneFaultEvent)) return null;
  const { fault } = JSON.parse(line) as { readonly fault: string };
  return fault;
}

await runRow("lanes", async (run) => {
  const operationsMin = run.sized(600, 20_000);
  const killsMin = run.sized(5, 50);
  const rates: FaultRates = {
    killed: operationsMin / (3 * killsMin),
    "loses its answer": 100,
    "answers twice": 100,
    late: run.sized(200, 1_500),
    stalls: run.sized(200, 1_500),
  };
  const counts = new Map<string, number>(laneFaults.map((fault) => [fault, 0]));
  const countOf = (fault: string): number => counts.get(fault) ?? 0;
  const worker = await buildWorker();
  makeLanesFrail(worker, rates, run.seed);
  const runtime = await Runtime.start(worker, {
    script: frailWorker,
    variables: { COMMIT_LANES: "1" },
    queue: "outside",
    signingTenants: [tenant],
    onLog(line) {
      const fault = faultOf(line);
      if (fault !== null) counts.set(fault, countOf(fault) + 1);
    },
  });
  try {
    const load = await LoadInDoubt.open(run, runtime, tenant, { customers: 200, clients: 64 });
    await load.run(operationsMin, async () => {});
    const wrong = await load.countWrong();
    for (const fault of laneFaults) if (countOf(fault) === 0) run.fault(`no lane ever "${fault}"`);
    if (countOf("killed") < killsMin) run.fault(`${countOf("killed")} lanes were killed, and not ${killsMin}`);
    const told = laneFaults.map((fault) => `${countOf(fault)} × ${fault}`).join(", ");
    return { number: wrong, words: `lost or doubled; ${load.words()}; a lane ${told}` };
  } finally {
    await runtime.stop();
  }
});
