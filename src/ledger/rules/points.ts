import type { Branded } from "../../platform/values/branded.ts";

/** A number of reward points: a safe integer, never a fraction. Amounts that are granted or taken are at least 1. */
export type Points = Branded<number, "Points">;

export const noPoints = 0 as Points;

/** The maximum of an amount and of a balance: larger integers are no longer exact. */
export const pointsMax = Number.MAX_SAFE_INTEGER;

/** `value` as an amount that can be granted or redeemed, an integer from 1 to {@link pointsMax}; otherwise null. */
export const parseAmount = (value: number): Points | null =>
  Number.isSafeInteger(value) && value >= 1 ? (value as Points) : null;
