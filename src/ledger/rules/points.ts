import type { Branded } from "../../platform/values/branded.ts";

/** A number of reward points: a safe integer, never a fraction. Amounts given or taken are at least 1. */
export type Points = Branded<number, "Points">;

export const noPoints = 0 as Points;

/** The most points that one amount or one balance may be: integers above it are no longer exact. */
export const pointsMax = Number.MAX_SAFE_INTEGER;

/** `value` as an amount that can be granted or redeemed: an integer from 1 to {@link pointsMax}; else null. */
export const parseAmount = (value: number): Points | null =>
  Number.isSafeInteger(value) && value >= 1 ? (value as Points) : null;
