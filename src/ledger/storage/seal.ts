import { sha256Hex } from "../../platform/runtime/sha256.ts";
import type { LedgerKey } from "../rules/ledger-key.ts";
import type { LedgerHead } from "../use-cases/ports.ts";
import type { ledgerEntries, lotUsages } from "./tables.ts";

/** Every ledger's head before its first entry. */
export const emptyHead = "" as LedgerHead;

/** An entry as it is stored, without its seal. */
export type UnsealedRow = Omit<typeof ledgerEntries.$inferInsert, "tenant" | "customerId" | "previousSeal" | "seal">;

/** What an entry took from a lot. What it put back is below zero, and names the entry that had taken it. */
export type SealedDraw = Pick<typeof lotUsages.$inferSelect, "lotId" | "takenBy" | "points">;

/** The coupon that an entry paid for, as it was issued. */
export interface SealedCoupon {
  readonly code: string;
  readonly canonicalCode: string;
  readonly redeemOptionId: string;
  /** JSON, as it is stored. */
  readonly definition: string;
  readonly issuedAt: number;
}

/** Everything that an entry's seal covers. */
export interface SealedContent {
  readonly row: UnsealedRow;
  readonly draws: readonly SealedDraw[];
  readonly coupon: SealedCoupon | null;
}

/**
 * An entry's seal: hex SHA-256 over the seal before it and everything that is stored for the entry. An entry that is
 * changed, missing, added or in another place breaks this seal or the next one.
 *
 * Members that are null are left out, so that a column added later leaves older seals as they are.
 */
export function sealOf(key: LedgerKey, content: SealedContent, previous: LedgerHead): LedgerHead {
  const { row, draws, coupon } = content;
  const members = Object.entries(row).filter(([, value]) => value !== null && value !== undefined);
  const text = JSON.stringify([
    previous,
    key.tenant,
    key.customerId,
    members.toSorted(([left], [right]) => (left < right ? -1 : 1)),
    draws.map(({ lotId, takenBy, points }) => [lotId, takenBy, points]).toSorted(byLot),
    coupon === null
      ? null
      : [coupon.code, coupon.canonicalCode, coupon.redeemOptionId, coupon.definition, coupon.issuedAt],
  ]);
  return sha256Hex(text) as LedgerHead;
}

const byLot = ([left]: readonly unknown[], [right]: readonly unknown[]): number =>
  String(left) < String(right) ? -1 : 1;
