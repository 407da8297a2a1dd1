import { outcomeOfRedemption } from "../../../src/ledger/rules/command.ts";
import { type DebtChange, drawsPoints, type Entry, makesLot } from "../../../src/ledger/rules/entry.ts";
import {
  type CanonicalCouponCode,
  canonicalCouponCode,
  type KeptCoupon,
} from "../../../src/ledger/rules/exchange/coupon.ts";
import type { CouponEffect, ExchangeState } from "../../../src/ledger/rules/exchange/exchange.ts";
import type { ExpiredLot } from "../../../src/ledger/rules/expiring.ts";
import { emptyLedger, ledgerOf } from "../../../src/ledger/rules/ledger.ts";
import type { LedgerKey } from "../../../src/ledger/rules/ledger-key.ts";
import type { DatedDraw, Lot } from "../../../src/ledger/rules/lot.ts";
import type { Points } from "../../../src/ledger/rules/points.ts";
import { earnedEntryId, type Forgiven } from "../../../src/ledger/rules/returns.ts";
import {
  type CommandSubject,
  type IdempotencyRecord,
  type LedgerChanges,
  type LedgerHead,
  type LedgerLookups,
  type LedgerSnapshot,
  type LedgerStore,
  nothingKnown,
  type RecalledEntry,
  type SubjectFacts,
} from "../../../src/ledger/use-cases/ports.ts";
import { StoreConflict } from "../../../src/platform/runtime/store-errors.ts";
import type { IdempotencyKey } from "../../../src/platform/values/idempotency-key.ts";
import {
  actorOfCustomer,
  type CommandId,
  type CustomerId,
  type EntryId,
} from "../../../src/platform/values/identifiers.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";
import { forgivenAfter, orderFacts } from "../orders/order-history.ts";

export type KeptEntry = Exclude<Entry, { kind: "erased" }>;

export interface LotRow {
  readonly id: EntryId;
  readonly points: number;
  usedPoints: number;
  expiredPoints: number;
  readonly createdAt: EpochMs;
  readonly validUntil: EpochMs | null;
}

export interface ExchangeRow {
  readonly coupon: KeptCoupon;
  updatedAt: EpochMs;
  state: ExchangeState;
  reason: string | null;
}

export interface CouponRow {
  coupon: KeptCoupon;
  isGivenBack: boolean;
}

interface UsageRow {
  readonly lotId: EntryId;
  readonly takenBy: EntryId;
  readonly sequence: number;
  readonly points: Points;
}

interface SealedEntry {
  readonly entry: KeptEntry;
  readonly seal: LedgerHead;
}

/** The row of an open ledger. */
interface LedgerRow {
  readonly openedAt: EpochMs;
  readonly openedBy: CommandId;
  readonly sequence: number;
  readonly head: LedgerHead;
  readonly points: number;
  readonly debt: DebtChange;
}

/** What is kept of one customer. */
class Shelf {
  row: LedgerRow | null = null;
  readonly journal = new Map<number, SealedEntry>();
  readonly entriesById = new Map<EntryId, KeptEntry>();
  readonly lots = new Map<EntryId, LotRow>();
  readonly usages = new Map<string, UsageRow>();
  readonly exchanges = new Map<EntryId, ExchangeRow>();
}

const latestIn = ({ row, journal }: Shelf): EpochMs =>
  journal.get(row?.sequence ?? 0)?.entry.recordedAt ?? (0 as EpochMs);
const isPast = (moment: number | null, now: number): boolean => moment !== null && moment <= now;
const conflict = (): never => {
  throw new StoreConflict("The memory refused the write.");
};
const nameOf = (key: LedgerKey): string => `${key.tenant}/${key.customerId}`;
const keyText = (tenant: string, key: IdempotencyKey): string =>
  JSON.stringify([tenant, key.caller, key.operation, key.key]);
const byText = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

/**
 * Ledgers in memory: what D1 keeps, under the same keys, checks and triggers, each commit whole or not at all. It is
 * fast enough for a million commands; `model.test.ts` compares it with D1. Seals are not made from the content here:
 * each is new, which is what links need.
 */
export class MemoryLedgerStore implements LedgerStore {
  readonly #shelves = new Map<string, Shelf>();
  readonly #records = new Map<string, IdempotencyRecord & { readonly ledger: string }>();
  readonly #coupons = new Map<string, CouponRow>();
  /** Who has the entry of an order, by tenant and entry id. */
  readonly #orders = new Map<string, CustomerId>();
  #seals = 0;
  /** What takes a commit back that fails, the last change first. */
  #undo: (() => void)[] = [];

  load(key: LedgerKey, lookups: LedgerLookups): Promise<LedgerSnapshot> {
    // What two commands of a group name is found once.
    const records = new Set(lookups.idempotencyKeys.map((name) => keyText(key.tenant, name)));
    const shelf = this.shelfOf(key);
    const { row, lots, entriesById } = shelf;
    const left = [...lots.values()].filter((lot) => lot.usedPoints + lot.expiredPoints < lot.points);
    return Promise.resolve({
      ledger: row === null ? emptyLedger : ledgerOf({ ...row, latestAt: latestIn(shelf), lots: left.map(lotOf) }),
      head: row?.head ?? ("" as LedgerHead),
      openedBy: row?.openedBy ?? null,
      records: [...records].flatMap((name) => this.#records.get(name) ?? []),
      entries: [...new Set(lookups.entryIds)].flatMap((id) => recalled(entriesById.get(id))),
      // There are no options here: what is priced by one is not stored in memory.
      outdatedStamps: lookups.optionStamps,
    });
  }

  lookUp(key: LedgerKey, subject: CommandSubject): Promise<SubjectFacts> {
    switch (subject.kind) {
      case "order":
        return Promise.resolve({ ...nothingKnown, ...orderFacts(journalOf(this.shelfOf(key)), subject.orderIds) });
      case "exchange": {
        const shelf = this.shelfOf(key);
        const row = shelf.exchanges.get(subject.id);
        const exchange = row === undefined ? null : { ...row, id: subject.id, draws: drawsOf(shelf, subject.id) };
        const givenBackToday = row === undefined ? 0 : this.#givenBackSince(key, subject.today);
        const forgiven = forgivenSince(shelf, subject.id);
        return Promise.resolve({ ...nothingKnown, exchange, forgiven, givenBackToday });
      }
      case "coupon": {
        const sold = this.#sold(key, subject.code);
        const forgiven = sold === null ? [] : forgivenSince(this.shelfOf(key), sold.coupon.exchangeId);
        const givenBackToday = sold === null ? 0 : this.#givenBackSince(key, subject.today);
        return Promise.resolve({ ...nothingKnown, sold, forgiven, givenBackToday });
      }
      case "expired-lots":
        return Promise.resolve({ ...nothingKnown, expired: expiredLots(this.shelfOf(key), subject.by) });
    }
  }

  exchangesUnderWay(key: LedgerKey, limit: number): Promise<readonly EntryId[]> {
    const rows = [...this.shelfOf(key).exchanges].filter(([, { state }]) => isUnderWay(state));
    return Promise.resolve(
      rows
        .map(([id]) => id)
        .sort(byText)
        .reverse()
        .slice(0, limit),
    );
  }

  earnerOf(tenant: string, orderId: string): Promise<CustomerId | null> {
    return Promise.resolve(this.#orders.get(`${tenant}/${earnedEntryId(orderId)}`) ?? null);
  }

  commit(key: LedgerKey, changes: LedgerChanges): Promise<LedgerHead> {
    this.#undo = [];
    try {
      return Promise.resolve(this.#store(key, changes));
    } catch (error) {
      for (const undo of this.#undo.reverse()) undo();
      return Promise.reject(error);
    }
  }

  /** Marks a coupon as used at a checkout, as the store of coupons does. @returns false when it cannot be */
  useCoupon(tenant: string, code: string): boolean {
    const row = this.#coupons.get(couponText(tenant, code));
    if (row === undefined || row.coupon.deletedAt !== null) return false;
    row.coupon = { ...row.coupon, redemptionCount: row.coupon.redemptionCount + 1 };
    return true;
  }

  /** Everything that is kept of a customer, to be looked at only. */
  shelfOf(key: LedgerKey): Shelf {
    const name = nameOf(key);
    const shelf = this.#shelves.get(name) ?? new Shelf();
    this.#shelves.set(name, shelf);
    return shelf;
  }

  get coupons(): readonly CouponRow[] {
    return [...this.#coupons.values()];
  }

  /** How many answers of keyed requests are kept. */
  get recordCount(): number {
    return this.#records.size;
  }

  // The statements of D1LedgerStore.commit, in their order.
  #store(key: LedgerKey, changes: LedgerChanges): LedgerHead {
    const shelf = this.shelfOf(key);
    const entries = changes.entries.filter((entry): entry is KeptEntry => entry.kind !== "erased");
    let head = changes.follows;
    for (const entry of entries) head = this.#insertEntry(key, shelf, entry, head);
    if (entries.length === 0 && (shelf.row?.head ?? "") !== changes.follows) conflict();
    for (const effect of changes.couponEffects) {
      const isStep = effect.kind === "step" || effect.kind === "forget";
      if (isStep && shelf.exchanges.get(effect.step.id)?.state !== effect.step.from) conflict();
    }
    const opened = entries.filter((entry) => entry.kind === "opened");
    if (opened.length > 1 || (opened.length === 1 && shelf.row !== null)) conflict();
    const openedBy = shelf.row?.openedBy ?? opened[0]?.commandId;
    const openedAt = shelf.row?.openedAt ?? opened[0]?.recordedAt;
    if (entries.length > 0 && openedBy !== undefined && openedAt !== undefined) {
      const { sequence, points, debt } = changes.ledger;
      this.#assign(shelf, "row", { openedAt, openedBy, sequence, points, debt, head });
    }
    for (const entry of entries) this.#insertLot(shelf, entry);
    for (const entry of entries) this.#useLots(shelf, entry);
    // D1 adds up what a commit takes and puts back before it looks at the sum.
    for (const lot of shelf.lots.values()) {
      if (lot.usedPoints < 0 || lot.usedPoints + lot.expiredPoints > lot.points) conflict();
    }
    for (const entry of entries) if (entry.kind === "expired") this.#expire(shelf, entry.relatedId, entry.points);
    for (const effect of changes.couponEffects) this.#apply(key, shelf, effect, changes.now);
    for (const record of changes.records) {
      this.#insert(this.#records, keyText(key.tenant, record.idempotencyKey), { ...record, ledger: nameOf(key) });
    }
    if (entries.length === changes.entries.length) return head;
    this.#erase(key, shelf);
    return "" as LedgerHead;
  }

  #insertEntry(key: LedgerKey, shelf: Shelf, entry: KeptEntry, previous: LedgerHead): LedgerHead {
    const before = entry.sequence === 1 ? "" : shelf.journal.get(entry.sequence - 1)?.seal;
    if (before !== previous) conflict();
    if ("points" in entry && entry.points < 0) conflict();
    this.#seals += 1;
    const seal = `seal ${this.#seals}` as LedgerHead;
    this.#insert(shelf.journal, entry.sequence, { entry, seal });
    if (entry.kind !== "opened") this.#insert(shelf.entriesById, entry.id, entry);
    if (entry.kind === "granted" && entry.orderValue !== null) {
      this.#insert(this.#orders, `${key.tenant}/${entry.id}`, key.customerId);
    }
    return seal;
  }

  #insertLot(shelf: Shelf, entry: KeptEntry): void {
    if (!makesLot(entry)) return;
    const { id, points, createdAt, validUntil } = entry;
    this.#insert(shelf.lots, id, { id, points, usedPoints: 0, expiredPoints: 0, createdAt, validUntil });
  }

  #useLots(shelf: Shelf, entry: KeptEntry): void {
    if (!drawsPoints(entry) && entry.kind !== "restored") return;
    const isBack = entry.kind === "restored";
    const takenBy = isBack ? entry.relatedId : entry.id;
    const { sequence } = entry;
    for (const draw of entry.draws) {
      const { lotId } = draw;
      const lot = shelf.lots.get(lotId) ?? conflict();
      const points = (isBack ? 0 - draw.points : draw.points) as Points;
      if (points === 0) conflict();
      this.#assign(lot, "usedPoints", lot.usedPoints + points);
      this.#insert(shelf.usages, `${lotId} ${sequence}`, { lotId, takenBy, sequence, points });
    }
  }

  #expire(shelf: Shelf, id: EntryId, points: number): void {
    const lot = shelf.lots.get(id);
    if (lot === undefined) return;
    this.#assign(lot, "expiredPoints", points);
    if (points < 0 || lot.usedPoints + lot.expiredPoints > lot.points) conflict();
  }

  #apply(key: LedgerKey, shelf: Shelf, effect: CouponEffect, now: EpochMs): void {
    switch (effect.kind) {
      case "issue": {
        const coupon = { ...effect.coupon, deletedAt: null, isReferral: false, version: 0 };
        this.#insert(this.#coupons, couponText(key.tenant, coupon.code), { coupon, isGivenBack: false });
        return;
      }
      case "reserve": {
        const coupon = { ...effect.coupon, deletedAt: null, isReferral: false, version: 0 };
        this.#insert(shelf.exchanges, coupon.exchangeId, {
          coupon,
          updatedAt: coupon.issuedAt,
          state: "PENDING",
          reason: null,
        });
        return;
      }
      case "step": {
        const row = shelf.exchanges.get(effect.step.id);
        if (row === undefined) return;
        if (!successors[row.state].includes(effect.step.to)) conflict();
        this.#assign(row, "state", effect.step.to);
        this.#assign(row, "updatedAt", now);
        this.#assign(row, "reason", effect.step.reason);
        return;
      }
      case "forget":
        this.#remove(shelf.exchanges, effect.step.id);
        return;
      case "give-back": {
        const row = this.#coupons.get(couponText(key.tenant, effect.code));
        if (row?.coupon.issuedTo !== key.customerId) return;
        if (row.coupon.redemptionCount > 0) conflict();
        this.#assign(row, "coupon", { ...row.coupon, deletedAt: now });
        this.#assign(row, "isGivenBack", true);
      }
    }
  }

  // Nothing can fail after this, so nothing of it has to be taken back.
  #erase(key: LedgerKey, shelf: Shelf): void {
    for (const id of shelf.entriesById.keys()) this.#orders.delete(`${key.tenant}/${id}`);
    shelf.row = null;
    shelf.journal.clear();
    shelf.entriesById.clear();
    shelf.lots.clear();
    shelf.usages.clear();
    for (const [id, { state }] of shelf.exchanges) if (!isUnderWay(state)) shelf.exchanges.delete(id);
    const caller = actorOfCustomer(key.customerId);
    for (const [text, record] of this.#records) {
      const [tenant] = JSON.parse(text) as [string];
      const isTheirs = record.ledger === nameOf(key) || record.idempotencyKey.caller === caller;
      if (tenant === key.tenant && isTheirs) this.#records.delete(text);
    }
    for (const row of this.#coupons.values()) {
      const { tenant, issuedTo } = row.coupon;
      if (tenant === key.tenant && issuedTo === key.customerId) {
        row.coupon = { ...row.coupon, issuedTo: "" as CustomerId };
      }
    }
  }

  /** @throws {StoreConflict} when the key is taken */
  #insert<Key, Value>(table: Map<Key, Value>, key: Key, value: Value): void {
    if (table.has(key)) conflict();
    table.set(key, value);
    this.#undo.push(() => table.delete(key));
  }

  #remove<Key, Value>(table: Map<Key, Value>, key: Key): void {
    const value = table.get(key);
    if (value === undefined) return;
    table.delete(key);
    this.#undo.push(() => table.set(key, value));
  }

  #assign<Row, Name extends keyof Row>(row: Row, name: Name, value: Row[Name]): void {
    const before = row[name];
    row[name] = value;
    this.#undo.push(() => {
      row[name] = before;
    });
  }

  #givenBackSince(key: LedgerKey, since: EpochMs | null): number {
    if (since === null) return 0;
    const coupons = this.coupons.filter(
      ({ coupon, isGivenBack }) =>
        coupon.tenant === key.tenant &&
        coupon.issuedTo === key.customerId &&
        isGivenBack &&
        (coupon.deletedAt ?? 0) >= since,
    );
    const exchanges = [...this.shelfOf(key).exchanges.values()].filter(
      ({ state, updatedAt }) => (state === "VOIDING" || state === "GIVEN_BACK") && updatedAt >= since,
    );
    return coupons.length + exchanges.length;
  }

  #sold(key: LedgerKey, code: CanonicalCouponCode) {
    const row = this.#coupons.get(couponText(key.tenant, code));
    if (row?.coupon.issuedTo !== key.customerId) return null;
    const { coupon, isGivenBack } = row;
    const draws = drawsOf(this.shelfOf(key), coupon.exchangeId);
    return { coupon, isGivenBack, isDeleted: coupon.deletedAt !== null, draws };
  }
}

const journalOf = (shelf: Shelf): readonly KeptEntry[] => [...shelf.journal.values()].map(({ entry }) => entry);

/** What points of an entry would pay for if they came back. */
function forgivenSince(shelf: Shelf, id: EntryId): readonly Forgiven[] {
  const sequence = shelf.entriesById.get(id)?.sequence;
  return sequence === undefined ? [] : forgivenAfter(journalOf(shelf), sequence);
}

/** States that an exchange can go to, as the trigger `exchanges_follow_their_states` has them. */
const successors: Readonly<Record<ExchangeState, readonly ExchangeState[]>> = {
  PENDING: ["ISSUED", "REFUSED"],
  ISSUED: ["VOIDING"],
  VOIDING: ["GIVEN_BACK", "ISSUED"],
  REFUSED: [],
  GIVEN_BACK: [],
};

const isUnderWay = (state: ExchangeState): boolean => state === "PENDING" || state === "VOIDING";

const couponText = (tenant: string, code: string): string => `${tenant}/${canonicalCouponCode(code)}`;

const lotOf = ({ id, points, usedPoints, createdAt, validUntil }: LotRow): Lot => ({
  id,
  points: points as Points,
  usedPoints: usedPoints as Points,
  createdAt,
  validUntil,
});

/** What an entry holds of which lots, by lot, as D1 sums it up. */
function drawsOf(shelf: Shelf, id: EntryId): readonly DatedDraw[] {
  const held = new Map<EntryId, number>();
  for (const { takenBy, lotId, points } of shelf.usages.values()) {
    if (takenBy === id) held.set(lotId, (held.get(lotId) ?? 0) + points);
  }
  return [...held]
    .filter(([, points]) => points > 0)
    .sort(([left], [right]) => byText(left, right))
    .flatMap(([lotId, points]) => {
      const lot = shelf.lots.get(lotId);
      if (lot === undefined) return [];
      const { createdAt, validUntil } = lot;
      return [{ lotId, points: points as Points, lotPoints: lot.points as Points, createdAt, validUntil }];
    });
}

function expiredLots(shelf: Shelf, by: EpochMs): readonly ExpiredLot[] {
  return [...shelf.lots.values()]
    .filter((lot) => lot.usedPoints + lot.expiredPoints < lot.points && isPast(lot.validUntil, by))
    .map((lot) => ({
      id: lot.id,
      remainingPoints: (lot.points - lot.usedPoints - lot.expiredPoints) as Points,
      validUntil: lot.validUntil ?? (0 as EpochMs),
    }))
    .sort((left, right) => left.validUntil - right.validUntil || byText(left.id, right.id));
}

function recalled(entry: KeptEntry | undefined): readonly RecalledEntry[] {
  if (entry?.kind !== "granted" && entry?.kind !== "redeemed") return [];
  const { id, commandId, fingerprint } = entry;
  const outcome =
    entry.kind === "granted" ? ({ kind: "granted", entryId: entry.id } as const) : outcomeOfRedemption(entry);
  return [{ id, commandId, fingerprint, outcome }];
}
