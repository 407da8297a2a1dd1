import type { idempotencyRecords } from "../../platform/storage/tables.ts";
import type { EntryId } from "../../platform/values/identifiers.ts";
import { type Entry, makesLot } from "../rules/entry.ts";
import { type Coupon, canonicalCouponCode } from "../rules/exchange/coupon.ts";
import type { LedgerKey } from "../rules/ledger-key.ts";
import { noPoints } from "../rules/points.ts";
import type { IdempotencyRecord, LedgerChanges, LedgerHead } from "../use-cases/ports.ts";
import type { CommitRows } from "./commit-statements.ts";
import type { coupons, exchanges } from "./coupon-tables.ts";
import { rowOfEntry, usagesOf } from "./entry-row.ts";
import { emptyHead, type SealedCoupon, sealOf } from "./seal.ts";
import type { ledgerEntries } from "./tables.ts";

/** The rows of a commit, and the ledger's head after it. */
export function rowsOf(
  key: LedgerKey,
  changes: LedgerChanges,
): { readonly rows: CommitRows; readonly head: LedgerHead } {
  const { tenant, customerId } = key;
  const { entries, ledger, follows } = changes;
  const { sealed, head } = sealAll(key, changes);
  const standing = { tenant, customerId, sequence: ledger.sequence, head, points: ledger.points, ...ledger.debt };
  const openings = entries.flatMap((entry) =>
    entry.kind === "opened" ? [{ ...standing, openedAt: entry.recordedAt, openedBy: entry.commandId }] : [],
  );
  const usages = entries.flatMap((entry) =>
    usagesOf(entry).map((usage) => ({ tenant, customerId, ...usage, sequence: entry.sequence })),
  );
  const lotRows = entries.filter(makesLot).map(({ id: lotId, points, createdAt, validUntil }) => {
    return { tenant, customerId, lotId, points, usedPoints: noPoints, createdAt, validUntil, expiredPoints: noPoints };
  });
  const expiries = entries.flatMap((entry) =>
    entry.kind === "expired" ? [{ tenant, customerId, lotId: entry.relatedId, expiredPoints: entry.points }] : [],
  );
  const rows: CommitRows = {
    // In a commit with entries, the first entry is checked against the ledger's head.
    followed: sealed.length === 0 ? [{ tenant, customerId, head: follows }] : [],
    terms: changes.optionStamps.map(({ id, version, createdAt }) => ({ tenant, id, version, createdAt })),
    entries: sealed,
    openings,
    standings: sealed.length > 0 && openings.length === 0 ? [standing] : [],
    lots: lotRows,
    uses: usesOf(key, usages),
    usages,
    expiries,
    ...effectRows(key, changes),
    records: changes.records.map((record) => recordRow(key, record)),
  };
  return { rows, head };
}

/** The total taken from each lot: several redemptions of one commit may draw on the same lot. */
function usesOf({ tenant, customerId }: LedgerKey, usages: CommitRows["usages"]): CommitRows["uses"] {
  const taken = new Map<EntryId, number>();
  for (const { lotId, points } of usages) taken.set(lotId, (taken.get(lotId) ?? 0) + points);
  return [...taken].map(([lotId, points]) => ({ tenant, customerId, lotId, taken: points }));
}

/** An erasure leaves no entry in the journal. */
const isKept = (entry: Entry): entry is Exclude<Entry, { kind: "erased" }> => entry.kind !== "erased";

/** The entries as they are stored. Each seal also covers the seal before. */
function sealAll(key: LedgerKey, { entries, couponEffects, follows }: LedgerChanges) {
  const sealed: (typeof ledgerEntries.$inferInsert)[] = [];
  let head = follows;
  for (const entry of entries.filter(isKept)) {
    const row = rowOfEntry(entry);
    const coupon = entry.kind === "redeemed" ? couponSoldBy(key, entry.id, couponEffects) : null;
    const seal = sealOf(key, { row, draws: usagesOf(entry), coupon }, head);
    sealed.push({ tenant: key.tenant, customerId: key.customerId, ...row, previousSeal: head, seal });
    head = seal;
  }
  return { sealed, head: entries.every(isKept) ? head : emptyHead };
}

/** The coupon that a redemption pays for, as it will be stored. */
function couponSoldBy(
  key: LedgerKey,
  exchangeId: EntryId,
  effects: LedgerChanges["couponEffects"],
): SealedCoupon | null {
  for (const effect of effects) {
    if ((effect.kind !== "issue" && effect.kind !== "reserve") || effect.coupon.exchangeId !== exchangeId) continue;
    return couponRow(key, effect.coupon);
  }
  return null;
}

/** The rows of the coupon effects. */
function effectRows(key: LedgerKey, { couponEffects, now }: LedgerChanges) {
  const { tenant, customerId } = key;
  const keyOfExchange = (exchangeId: EntryId) => ({ tenant, customerId, exchangeId });
  return {
    states: couponEffects.flatMap((effect) =>
      "step" in effect ? [{ ...keyOfExchange(effect.step.id), state: effect.step.from }] : [],
    ),
    coupons: couponEffects.flatMap((effect) => (effect.kind === "issue" ? [couponRow(key, effect.coupon)] : [])),
    exchanges: couponEffects.flatMap((effect) => (effect.kind === "reserve" ? [exchangeRow(key, effect.coupon)] : [])),
    steps: couponEffects.flatMap((effect) => {
      if (effect.kind !== "step") return [];
      const { id, to: state, reason } = effect.step;
      return [{ ...keyOfExchange(id), state, reason, updatedAt: now }];
    }),
    forgotten: couponEffects.flatMap((effect) => (effect.kind === "forget" ? [keyOfExchange(effect.step.id)] : [])),
    givenBack: couponEffects.flatMap((effect) =>
      effect.kind === "give-back"
        ? [{ tenant, canonicalCode: canonicalCouponCode(effect.code), issuedTo: customerId, givenBackAt: now }]
        : [],
    ),
  };
}

const exchangeRow = ({ tenant, customerId }: LedgerKey, coupon: Coupon): typeof exchanges.$inferInsert => ({
  tenant,
  customerId,
  exchangeId: coupon.exchangeId,
  couponCode: coupon.code,
  canonicalCode: canonicalCouponCode(coupon.code),
  redeemOptionId: coupon.redeemOptionId,
  definition: JSON.stringify(coupon.definition),
  state: "PENDING",
  createdAt: coupon.issuedAt,
  updatedAt: coupon.issuedAt,
});

const couponRow = ({ tenant }: LedgerKey, coupon: Coupon): typeof coupons.$inferInsert => ({
  tenant,
  canonicalCode: canonicalCouponCode(coupon.code),
  code: coupon.code,
  definition: JSON.stringify(coupon.definition),
  issuedTo: coupon.issuedTo,
  issuedAt: coupon.issuedAt,
  exchangeId: coupon.exchangeId,
  redeemOptionId: coupon.redeemOptionId,
  redemptionCount: coupon.redemptionCount,
  holder: null,
  isReferral: 0,
  issuedDefinition: null,
  version: 0,
});

const recordRow = (
  { tenant, customerId }: LedgerKey,
  record: IdempotencyRecord,
): typeof idempotencyRecords.$inferInsert => ({
  tenant,
  caller: record.idempotencyKey.caller,
  operation: record.idempotencyKey.operation,
  idempotencyKey: record.idempotencyKey.key,
  fingerprint: record.fingerprint,
  answer: JSON.stringify(record.result),
  createdAt: record.createdAt,
  customerId,
});
