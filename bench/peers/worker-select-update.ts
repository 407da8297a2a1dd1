import type { Contestant } from "../contestant.ts";
import { startPeerWorker } from "./d1-contestant.ts";

/**
 * A Worker that reads lots from D1, looks whether they suffice, and then writes, without a Durable Object. Nothing in
 * its database keeps two requests from spending the same points: `overIssued` counts what comes of that.
 * @throws {Error} when it cannot be built or started
 */
export const startSelectUpdateWorker = (): Promise<Contestant> =>
  startPeerWorker({ name: "select-update", mayOverspend: true });
