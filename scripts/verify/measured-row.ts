import { parseArgs } from "node:util";
import { runScript } from "../usage-error.ts";
import { usualSeed } from "./usual-seed.ts";

/** What a row of docs/reliability.md is run with. */
export interface RowRun {
  /** `small` within `npm test`; `full` within `npm run verify:full`. */
  readonly isFull: boolean;
  /** Of all random choices. */
  readonly seed: number;
  sized(small: number, full: number): number;
  /** Takes down what was seen and should not be; the first few are shown. */
  fault(words: string): void;
}

/** A row's number, and what it consists of in words. */
export interface RowResult {
  readonly number: number;
  readonly words: string;
}

const faultsShown = 10;

/**
 * Runs a row as a program: prints its number, and ends with exit code 1 when there were faults.
 * VERIFY_SIZE and VERIFY_SEED set its size and seed, `--size` and `--seed` before them.
 */
export async function runRow(row: string, measure: (run: RowRun) => Promise<RowResult>): Promise<void> {
  await runScript(async () => {
    const { values } = parseArgs({ options: { size: { type: "string" }, seed: { type: "string" } } });
    const isFull = (values.size ?? process.env["VERIFY_SIZE"]) === "full";
    const seed = Number(values.seed ?? process.env["VERIFY_SEED"] ?? usualSeed);
    let faults = 0;
    const run: RowRun = {
      isFull,
      seed,
      sized: (small, full) => (isFull ? full : small),
      fault(words) {
        faults += 1;
        if (faults <= faultsShown) console.error(`${row}: ${words}`);
      },
    };
    console.error(`${row}: ${isFull ? "full" : "small"}, VERIFY_SEED=${seed}`);
    const { number, words } = await measure(run);
    console.log(`[verify] ${JSON.stringify({ row, number, words, seed, faults })}`);
    if (faults > 0) throw new Error(`${row}: ${faults} faults; run it again with VERIFY_SEED=${seed}.`);
  });
}
