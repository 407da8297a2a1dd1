import { drawsPoints, makesLot } from "../../../src/ledger/rules/entry.ts";
import type { LedgerKey } from "../../../src/ledger/rules/ledger-key.ts";
import { accountOf, type World } from "./ledger-model.ts";
import type { KeptEntry, LotRow, MemoryLedgerStore } from "./memory-ledger-store.ts";

const sumOf = <Item>(items: Iterable<Item>, number: (item: Item) => number): number => {
  let total = 0;
  for (const item of items) total += number(item);
  return total;
};

const leftOf = (lot: LotRow): number => lot.points - lot.usedPoints - lot.expiredPoints;
const isLive = (lot: LotRow, now: number): boolean => lot.validUntil === null || now < lot.validUntil;

function signedPoints(entry: KeptEntry): number {
  if (makesLot(entry) || entry.kind === "restored") return entry.points;
  return drawsPoints(entry) || entry.kind === "expired" ? -entry.points : 0;
}

/**
 * What is wrong with what is stored of a customer, judged by the rows alone; null when all is well.
 * @param balance the one that the service tells at `now`
 */
export function storedFault(store: MemoryLedgerStore, key: LedgerKey, balance: number, now: number): string | null {
  const shelf = store.shelfOf(key);
  const journal = [...shelf.journal.values()];
  const entries = journal.map(({ entry }) => entry);
  const lots = [...shelf.lots.values()];
  const { row } = shelf;

  if (entries.some((entry, index) => entry.sequence !== index + 1)) return "the sequence has a gap";
  if ((row?.sequence ?? 0) !== entries.length) return "the ledger does not stand at its last entry";
  if (row !== null && row.head !== journal.at(-1)?.seal) return "the head is not the last entry's seal";

  const points = sumOf(entries, signedPoints);
  if (points !== (row?.points ?? 0)) return `the entries come to ${points}, the ledger says ${row?.points}`;
  if (points !== sumOf(lots, leftOf)) return `the entries come to ${points}, the lots to ${sumOf(lots, leftOf)}`;

  const owed = sumOf(entries, (entry) => ("debt" in entry ? entry.debt.owed : 0));
  const absorbed = sumOf(entries, (entry) => ("debt" in entry ? entry.debt.absorbed : 0));
  if (owed !== (row?.debt.owed ?? 0) || absorbed !== (row?.debt.absorbed ?? 0)) return "the debt does not add up";
  if (owed < 0 || absorbed < 0) return "the debt is below zero";

  const live = sumOf(
    lots.filter((lot) => isLive(lot, now)),
    leftOf,
  );
  if (live - owed !== balance) return `the lots come to ${live - owed}, the service says ${balance}`;
  if (live > 0 && owed + absorbed > 0) return "points can be spent beside a debt";
  const mayBeNegative = entries.some((entry) => entry.kind === "reversed" && entry.debt.owed > 0);
  if (balance < 0 && !mayBeNegative) return "the balance is below zero, and no policy has allowed it";
  const last = entries.at(-1);
  if (last?.recordedAt === now && last.balanceAfter !== balance) return "the last entry tells another balance";

  return faultOfLots(shelf, entries) ?? faultOfCoupons(store, key, entries);
}

function faultOfLots(shelf: ReturnType<MemoryLedgerStore["shelfOf"]>, entries: readonly KeptEntry[]): string | null {
  const used = new Map<string, number>();
  for (const entry of entries) {
    if (entry.kind === "restored") {
      if (sumOf(entry.draws, (draw) => draw.points) !== entry.points) return "what came back does not add up";
      for (const { lotId, points } of entry.draws) {
        const lot = shelf.lots.get(lotId);
        if (lot === undefined || !isLive(lot, entry.recordedAt)) return "points came back into a lot that is over";
        used.set(lotId, (used.get(lotId) ?? 0) - points);
      }
    }
    if (!drawsPoints(entry)) continue;
    if (sumOf(entry.draws, (draw) => draw.points) !== entry.points) return "the draws do not add up";
    for (const { lotId, points } of entry.draws) {
      const lot = shelf.lots.get(lotId);
      if (lot === undefined) return "a draw names no lot";
      if (!isLive(lot, entry.recordedAt)) return "an expired lot was spent";
      used.set(lotId, (used.get(lotId) ?? 0) + points);
    }
  }
  for (const lot of shelf.lots.values()) {
    if ((used.get(lot.id) ?? 0) !== lot.usedPoints) return "a lot is not used as the journal says";
    if (leftOf(lot) < 0) return "a lot has given more than it had";
  }
  const expired = entries.filter((entry) => entry.kind === "expired");
  if (expired.some((entry) => shelf.lots.get(entry.relatedId)?.expiredPoints !== entry.points))
    return "a expire is lost";
  if (new Set(expired.map((entry) => entry.relatedId)).size !== expired.length) return "a lot has expired twice";
  const makers = entries.filter(makesLot);
  return makers.length === shelf.lots.size ? null : "not each lot has its entry";
}

/** One coupon a redemption that sold one, and none beside; one grant an order. */
function faultOfCoupons(store: MemoryLedgerStore, key: LedgerKey, entries: readonly KeptEntry[]): string | null {
  const { exchanges } = store.shelfOf(key);
  const theirs = store.coupons.filter(
    ({ coupon }) => coupon.tenant === key.tenant && coupon.issuedTo === key.customerId,
  );
  const paidFor = new Map<string, string>(theirs.map(({ coupon }) => [coupon.exchangeId, coupon.code]));
  if (paidFor.size !== theirs.length) return "a redemption has two coupons";
  let embedded = 0;
  const orders = new Set<string>();
  for (const entry of entries) {
    if (entry.kind === "granted" && entry.orderValue !== null) {
      if (orders.has(entry.referenceId ?? "")) return "an order has earned twice";
      orders.add(entry.referenceId ?? "");
    }
    if (entry.kind !== "redeemed" || entry.couponCode === null) continue;
    if (entry.couponIssuer === "embedded") embedded += 1;
    const code = entry.couponIssuer === "embedded" ? paidFor.get(entry.id) : exchanges.get(entry.id)?.coupon.code;
    if (code !== entry.couponCode) return "a redemption has not its coupon";
  }
  return embedded === theirs.length ? null : "a coupon has no redemption";
}

/** A customer's ledger, and the tenant's coupons and keys, in plain values. */
export interface Picture {
  readonly openedBy: string | null;
  readonly owed: number;
  readonly absorbed: number;
  /** Id, points left (were it not for their end), beginning, end, points entered as expired. */
  readonly lots: readonly (readonly (string | number | null)[])[];
  readonly exchanges: readonly string[];
  readonly answersKept: number;
  /** Code, to whom it was issued, whether it was given back. */
  readonly coupons: readonly (readonly (string | boolean)[])[];
}

/** What is stored of a customer, and of the tenant's coupons and keys, as {@link modelPicture} shows it. */
export function storedPicture(store: MemoryLedgerStore, key: LedgerKey): Picture {
  const { row, lots, exchanges } = store.shelfOf(key);
  return {
    openedBy: row?.openedBy ?? null,
    owed: row?.debt.owed ?? 0,
    absorbed: row?.debt.absorbed ?? 0,
    lots: [...lots.values()].map((lot) => [
      lot.id,
      lot.points - lot.usedPoints,
      lot.createdAt,
      lot.validUntil,
      lot.expiredPoints,
    ]),
    exchanges: [...exchanges].map(([id, { state }]) => `${id} ${state}`).sort(),
    answersKept: store.recordCount,
    coupons: store.coupons.map(({ coupon, isGivenBack }) => [coupon.code, coupon.issuedTo, isGivenBack]),
  };
}

/** What the model has of a customer, and of the tenant's coupons and keys. */
export function modelPicture(world: World, customer: string): Picture {
  const { openedBy, owed, absorbed, lots } = accountOf(world, customer);
  return {
    openedBy,
    owed,
    absorbed,
    lots: lots.map((lot) => [lot.id, lot.left, lot.from, lot.until, lot.isEntered ? lot.left : 0]),
    exchanges: Object.entries(world.exchanges)
      .flatMap(([id, exchange]) => (exchange.customer === customer ? [`${id} ${exchange.state}`] : []))
      .sort(),
    answersKept: Object.keys(world.keys).length,
    coupons: Object.entries(world.coupons).map(([code, { owner, isGivenBack }]) => [code, owner ?? "", isGivenBack]),
  };
}
