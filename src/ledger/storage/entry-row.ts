import type { EntryId } from "../../platform/values/identifiers.ts";
import { type DebtChange, drawsPoints, type Entry, type EntryBase } from "../rules/entry.ts";
import type { DatedDraw, Draw } from "../rules/lot.ts";
import { noPoints, type Points } from "../rules/points.ts";
import type { SealedDraw, UnsealedRow } from "./seal.ts";
import type { ledgerEntries } from "./tables.ts";

/** Every kind of entry has its own members, and each member has its column. Columns that a kind lacks stay null. */
export function rowOfEntry(entry: Exclude<Entry, { kind: "erased" }>): UnsealedRow {
  const { sequence, kind, commandId, actor, recordedAt, balanceAfter } = entry;
  const base = { sequence, kind, commandId, actor, recordedAt, balanceAfter, points: noPoints, createdAt: recordedAt };
  if (entry.kind === "opened") return base;
  const { id: entryId, debt, draws: _draws, ...members } = { debt: undefined, draws: undefined, ...entry };
  return {
    ...base,
    ...members,
    entryId,
    ...(debt === undefined ? {} : { owedChange: debt.owed, absorbedChange: debt.absorbed }),
  };
}

/** What an entry takes from lots. What it puts back is below zero, and names the entry that had taken it. */
export function usagesOf(entry: Entry): readonly SealedDraw[] {
  if (entry.kind === "restored") {
    return entry.draws.map(({ lotId, points }) => ({ lotId, takenBy: entry.relatedId, points: 0 - points }));
  }
  if (!drawsPoints(entry)) return [];
  return entry.draws.map(({ lotId, points }) => ({ lotId, takenBy: entry.id, points }));
}

type Row = Omit<typeof ledgerEntries.$inferSelect, "tenant" | "customerId">;

/**
 * The entry that a row stands for; null when its kind is unknown. Members that the kind needs and the row lacks become
 * empty or zero: it is the seal that shows whether the row was changed.
 * @param usages the entry's usages of lots as they are stored, so below zero where points came back
 */
export function entryOfRow(row: Row, usages: readonly DatedDraw[]): Entry | null {
  const base: EntryBase = {
    sequence: row.sequence,
    commandId: row.commandId,
    actor: row.actor,
    recordedAt: row.recordedAt,
    balanceAfter: row.balanceAfter,
  };
  const id = (row.entryId ?? "") as EntryId;
  const points = row.points;
  const createdAt = row.createdAt;
  const validUntil = row.validUntil;
  const { referenceId, description, fingerprint, orderValue } = row;
  const relatedId = (row.relatedId ?? "") as EntryId;
  const requestedPoints = row.requestedPoints ?? noPoints;
  const expiredPoints = row.expiredPoints ?? noPoints;
  const debt: DebtChange = { owed: row.owedChange ?? 0, absorbed: row.absorbedChange ?? 0 };
  const shared = { ...base, id, createdAt };
  const draws = usages.map(({ lotId, points: taken }): Draw => ({ lotId, points: taken }));
  switch (row.kind) {
    case "opened":
      return { ...base, kind: "opened" };
    case "granted":
      return { ...shared, kind: "granted", points, validUntil, referenceId, description, fingerprint, orderValue };
    case "restored": {
      const back = usages.map((usage) => ({ ...usage, points: (0 - usage.points) as Points }));
      return {
        ...shared,
        kind: "restored",
        points,
        draws: back,
        referenceId,
        description: description ?? "",
        relatedId,
      };
    }
    case "refunded": {
      const members = { points, validUntil, referenceId, description: description ?? "", relatedId };
      return { ...shared, kind: "refunded", ...members };
    }
    case "redeemed":
      return {
        ...shared,
        kind: "redeemed",
        points,
        description,
        draws,
        redeemOptionId: row.redeemOptionId,
        couponCode: row.couponCode,
        couponIssuer: row.couponIssuer,
        fingerprint,
      };
    case "reversed":
      return {
        ...shared,
        kind: "reversed",
        points,
        draws,
        description: description ?? "",
        referenceId: referenceId ?? "",
        relatedId: row.relatedId,
        requestedPoints,
        expiredPoints,
        debt,
        returnId: row.returnId,
      };
    case "reversal-undone":
      return {
        ...shared,
        kind: "reversal-undone",
        points,
        referenceId: referenceId ?? "",
        relatedId,
        requestedPoints,
        expiredPoints,
        debt,
      };
    case "settled": {
      const members = { points, draws, description: description ?? "", relatedId: row.relatedId };
      return { ...shared, kind: "settled", ...members, debt };
    }
    case "expired":
      return { ...shared, kind: "expired", points, relatedId };
    default:
      row.kind satisfies never;
      return null;
  }
}
