import { setTimeout as pause } from "node:timers/promises";
import { LoadInDoubt } from "./load-in-doubt.ts";
import { runRow } from "./measured-row.ts";
import { Random } from "./random.ts";
import { buildWorker, Runtime } from "./runtime.ts";

// SIGKILL of the runtime in the middle of whatever it is doing, again and again.

const tenant = "kills";

await runRow("kills", async (run) => {
  const kills = run.sized(8, 50);
  const operationsMin = run.sized(400, 20_000);
  const between = Math.ceil(operationsMin / kills);
  const random = new Random(run.seed);
  const runtime = await Runtime.start(await buildWorker(), { queue: "outside", signingTenants: [tenant] });
  try {
    const load = await LoadInDoubt.open(run, runtime, tenant, { customers: 24, clients: 24 });
    await load.run(operationsMin, async () => {
      for (let killed = 0; killed < kills; killed += 1) {
        // On average as many as are needed, and at any moment within an operation.
        await load.until(load.acknowledged + random.between(1, 2 * between));
        await pause(random.between(0, 20));
        await runtime.kill();
      }
    });
    const wrong = await load.countWrong();
    return { number: wrong, words: `lost or doubled; ${load.words()}, ${kills} kills` };
  } finally {
    await runtime.stop();
  }
});
