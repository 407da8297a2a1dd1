import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    verification: { readonly size: "small" | "full"; readonly seed: number };
  }
}

/** How much a measured row of docs/reliability.md is to do in this run, and which random choices it makes. */
const verification = inject("verification");

/** The seed of this run's random choices: the same seed makes the same choices. */
export const { seed } = verification;

/** `small` within `npm test`; `full` within `npm run verify:full`. */
export const sized = (small: number, full: number): number => (verification.size === "full" ? full : small);

/**
 * Prints a row's number for `npm run verify`, which shows it with the row and keeps it in docs/reliability.md.
 * @param row the row's name in scripts/verify/rows.ts
 */
export function report(row: string, number: number, words: string): void {
  console.log(`[verify] ${JSON.stringify({ row, number, words, seed })}`);
}
