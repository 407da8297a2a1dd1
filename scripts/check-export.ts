import { parseArgs } from "node:util";
import { type MeasuredExport, measureExport } from "../bench/export.ts";
import { runScript } from "./usage-error.ts";
import { buildWorker } from "./verify/runtime.ts";

// Shows that exporting all histories takes the same memory however many customers there are: a tenth of them, and all.

/** Peaks may differ by this factor: garbage is not collected at the same moments. */
const tolerance = 1.1;

await runScript(async () => {
  const { values } = parseArgs({ options: { customers: { type: "string", default: "100000" } } });
  const customers = Number(values.customers);
  const workerFolder = await buildWorker();
  const few = await measureExport(workerFolder, Math.ceil(customers / 10));
  const all = await measureExport(workerFolder, customers);
  for (const measured of [few, all]) console.log(sentenceOf(measured));
  const ratio = all.peakMegabytes / few.peakMegabytes;
  console.log(`Ten times the customers take ${ratio.toFixed(2)} times the memory.`);
  if (ratio > tolerance) throw new Error("Memory grows with the number of customers.");
});

function sentenceOf(measured: MeasuredExport): string {
  const { customers, megabytes, megabytesPerSecond, cpuSecondsPer100Megabytes, idleMegabytes, peakMegabytes } =
    measured;
  return (
    `${customers} customers: ${megabytes.toFixed(1)} MB, ${megabytesPerSecond.toFixed(1)} MB/s, ` +
    `${cpuSecondsPer100Megabytes.toFixed(2)} s of CPU for 100 MB, ` +
    `memory at most ${peakMegabytes} MB (${idleMegabytes} MB at the start)`
  );
}
