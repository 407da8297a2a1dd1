import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { exportableData, type MeasuredExport, measureExport } from "../bench/export.ts";
import { runScript } from "./usage-error.ts";
import { buildWorker } from "./verify/runtime.ts";

// Shows that exporting all histories takes the same memory however many customers there are: a tenth of them, and all.

/** Peaks may differ by this factor: garbage is not collected at the same moments. */
const tolerance = 1.1;

await runScript(async () => {
  const { values } = parseArgs({ options: { customers: { type: "string", default: "100000" } } });
  const customers = Number(values.customers);
  const workerFolder = await buildWorker();
  const measured = async (count: number): Promise<MeasuredExport> => {
    const dataFolder = await exportableData(workerFolder, count);
    try {
      return await measureExport(workerFolder, dataFolder, { customers: count, passes: 1 });
    } finally {
      rmSync(dataFolder, { recursive: true, force: true });
    }
  };
  const few = await measured(Math.ceil(customers / 10));
  const all = await measured(customers);
  for (const one of [few, all]) console.log(sentenceOf(one));
  const ratio = Math.max(...all.peakMegabytes) / Math.max(...few.peakMegabytes);
  console.log(`Ten times the customers take ${ratio.toFixed(2)} times the memory.`);
  if (ratio > tolerance) throw new Error("Memory grows with the number of customers.");
});

function sentenceOf(measured: MeasuredExport): string {
  const { customers, megabytes, megabytesPerSecond, cpuSecondsPer100Megabytes, idleMegabytes, peakMegabytes } =
    measured;
  return (
    `${customers} customers: ${megabytes.toFixed(1)} MB, ${Math.max(...megabytesPerSecond).toFixed(1)} MB/s, ` +
    `${cpuSecondsPer100Megabytes.toFixed(2)} s of CPU for 100 MB, ` +
    `memory at most ${Math.max(...peakMegabytes)} MB (${idleMegabytes} MB at the start)`
  );
}
