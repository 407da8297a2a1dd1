import type { EntryId } from "../../platform/values/identifiers.ts";
import { type DebtChange, drawsPoints, type Entry, type EntryBase } from "../rules/entry.ts";
import type { DatedDraw, Draw } from "../rules/lot.ts";
import { noPoints, type Points } from "../rules/points.ts";
import type { SealedDraw, UnsealedRow } from "./seal.ts";
import type { ledgerEntries } from "./tables.ts";

/** Every kind of entry has its own members, and each member its column; what a kind does not have stays null. */
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

/** What an entry takes from lots; below zero what it puts back, in the name of the entry that had taken it. */
export function usagesOf(entry: Entry): readonly SealedDraw[] {
  if (entry.kind === "restored") {
    return entry.draws.map(({ lotId, points }) => ({ lotId, redemptionId: entry.relatedId, points: 0 - points }));
  }
  if (!drawsPoints(entry)) return [];
  return entry.draws.map(({ lotId, points }) => ({ lotId, redemptionId: entry.id, points }));
}

type Row = Omit<typeof ledgerEntries.$inferSelect, "tenant" | "customerId">;

/**
 * The entry that a row stands for; null when it is of no kind that there is. What its kind needs and the row lacks
 * becomes empty or zero: whether the row is as it was written is the seal's to tell.
 * @param usages its usages of lots as they are stored, so below zero where points came back
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
  const lapsedPoints = row.lapsedPoints ?? noPoints;
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
    case "taken-back":
      return {
        ...shared,
        kind: "taken-back",
        points,
        draws,
        description: description ?? "",
        referenceId: referenceId ?? "",
        relatedId: row.relatedId,
        requestedPoints,
        lapsedPoints,
        debt,
        returnId: row.returnId,
      };
    case "given-back":
      return {
        ...shared,
        kind: "given-back",
        points,
        referenceId: referenceId ?? "",
        relatedId,
        requestedPoints,
        lapsedPoints,
        debt,
      };
    case "settled": {
      const members = { points, draws, description: description ?? "", relatedId: row.relatedId };
      return { ...shared, kind: "settled", ...members, debt };
    }
    case "lapsed":
      return { ...shared, kind: "lapsed", points, relatedId };
    default:
      row.kind satisfies never;
      return null;
  }
}
