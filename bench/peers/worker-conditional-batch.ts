import type { Contestant } from "../contestant.ts";
import { startPeerWorker } from "./d1-contestant.ts";

/**
 * A Worker that does an exchange in one batch of D1, whose writes happen only if the points suffice, without a Durable
 * Object. It never spends a point twice.
 * @throws {Error} when it cannot be built or started
 */
export const startConditionalBatchWorker = (): Promise<Contestant> =>
  startPeerWorker({ name: "conditional-batch", mayOverspend: false });
