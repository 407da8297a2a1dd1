import fc from "fast-check";

/** So many times as many runs as laws usually have; how many those are depends on who runs the tests. */
export const timesUsualRuns = (times: number): number => times * (fc.readConfigureGlobal().numRuns ?? 100);
