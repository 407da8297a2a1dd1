import type { EpochMs } from "../values/time.ts";

export interface Clock {
  now(): EpochMs;
}

/** Writes lines of JSON. A line never contains a secret, a token, a coupon code or personal data. */
export interface Logger {
  info(event: string, facts?: Readonly<Record<string, unknown>>): void;
  warn(event: string, facts?: Readonly<Record<string, unknown>>): void;
  error(event: string, facts?: Readonly<Record<string, unknown>>): void;
}

/** Checks whether a dependency of the service answers. */
export interface Probe {
  readonly name: string;
  check(): Promise<void>;
}
