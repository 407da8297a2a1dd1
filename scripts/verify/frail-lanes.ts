import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** The module beside `worker.js` that {@link makeLanesFrail} writes. */
export const frailWorker = "frail-worker.js";

/** What goes wrong with a commit that a lane was given. */
export const laneFaults = [
  /** The lane is gone a moment later, with all commits that it has in hand. */
  "killed",
  /** It is carried out, and the answer is lost. */
  "loses its answer",
  /** It is carried out a second time, after the first, and the second answer is told. */
  "answers twice",
  /** It is carried out when nobody waits for it any more. */
  "late",
  /** It is never carried out, and nothing is answered. */
  "stalls",
] as const;

export type LaneFault = (typeof laneFaults)[number];

/** Out of how many commits one has each fault, on average. */
export type FaultRates = Readonly<Record<LaneFault, number>>;

/** The log line of a fault. */
export const laneFaultEvent = "lane_fault";

/** Longer than a ledger waits for its lane. */
const lateMs = 3_500;
/** A killed lane has this long at most. */
const killedMsMax = 4;

/** Puts a Worker beside the one in `folder` that is the same, but for its lanes, whose commits go wrong at random. */
export function makeLanesFrail(folder: string, rates: FaultRates, seed: number): void {
  writeFileSync(
    join(folder, frailWorker),
    `
    import worker, { CommitLane as Lane, CustomerLedger } from "./worker.js";

    const rates = ${JSON.stringify(rates)};
    let state = ${seed >>> 0};
    // A linear congruential generator: the faults need no better one.
    const fraction = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    const fault = () => {
      const [name] = Object.entries(rates).find(([, oneIn]) => fraction() < 1 / oneIn) ?? [];
      if (name !== undefined) console.log(JSON.stringify({ event: "${laneFaultEvent}", fault: name }));
      return name;
    };

    export { CustomerLedger };

    export class CommitLane extends Lane {
      async commit(part, version) {
        const commit = (given = part) => super.commit(given, version);
        switch (fault()) {
          case "killed":
            scheduler.wait(fraction() * ${killedMsMax}).then(() => this.ctx.abort("The lane is killed."));
            return commit();
          case "loses its answer":
            await commit();
            throw new Error("Network connection lost.");
          case "answers twice":
            return (await Promise.all([commit(), commit()]))[1];
          case "late":
            await scheduler.wait(${lateMs});
            return commit({ ...part, beginUntil: Date.now() + ${lateMs} });
          case "stalls":
            await scheduler.wait(2 * ${lateMs});
            throw new Error("Nobody hears this.");
          default:
            return commit();
        }
      }
    }

    export default worker;`,
  );
}
