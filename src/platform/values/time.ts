import type { Branded } from "./branded.ts";

/** A moment, in milliseconds since 1970-01-01T00:00Z. */
export type EpochMs = Branded<number, "EpochMs">;

/** The first and the last moment that can be shown with a year of four digits. */
export const momentMin = Date.parse("0000-01-01T00:00:00.000Z");
export const momentMax = Date.parse("9999-12-31T23:59:59.999Z");

/** The last moment that JavaScript's dates can hold: 8.64e15 ms. */
const lastMoment = 8_640_000_000_000_000;

/**
 * The same time of day `months` calendar months later, in UTC. A day that the target month does not have
 * becomes its last day: 31 January + 1 month = 28 or 29 February.
 */
export function addCalendarMonths(moment: EpochMs, months: number): EpochMs {
  const from = new Date(moment);
  const daysInTargetMonth = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + months + 1, 0)).getUTCDate();
  const target = new Date(moment);
  target.setUTCDate(1);
  target.setUTCMonth(from.getUTCMonth() + months);
  target.setUTCDate(Math.min(from.getUTCDate(), daysInTargetMonth));
  const result = target.getTime();
  return (Number.isNaN(result) ? lastMoment : result) as EpochMs;
}
