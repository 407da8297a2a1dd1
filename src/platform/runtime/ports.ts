import type { EpochMs } from "../values/time.ts";

export interface Clock {
  now(): EpochMs;
}

/** One line of the log: JSON, never with a secret, a token, a coupon code or personal data in it. */
export interface Logger {
  info(event: string, facts?: Readonly<Record<string, unknown>>): void;
  warn(event: string, facts?: Readonly<Record<string, unknown>>): void;
  error(event: string, facts?: Readonly<Record<string, unknown>>): void;
}

/** Whether what the service depends on answers. */
export interface Probe {
  readonly name: string;
  check(): Promise<void>;
}
