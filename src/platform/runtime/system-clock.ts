import type { EpochMs } from "../values/time.ts";
import type { Clock } from "./ports.ts";

export const systemClock: Clock = { now: () => Date.now() as EpochMs };
