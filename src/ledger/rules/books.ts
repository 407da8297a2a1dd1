import type { CommandId, EntryId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { DebtChange, Entry } from "./entry.ts";
import type { CouponCode } from "./exchange/coupon.ts";
import type { ExchangeState } from "./exchange/exchange.ts";
import type { Lot } from "./lot.ts";

/** All that is stored of one ledger, exactly as it was found. Nothing in it is trusted. */
export interface Books {
  /** Null: the ledger has no row. */
  readonly standing: Standing | null;
  /** Ordered by sequence. */
  readonly entries: readonly AuditedEntry[];
  readonly lots: readonly StoredLot[];
  /** Usages of lots that belong to no entry. */
  readonly strayUsages: readonly { readonly lotId: EntryId; readonly sequence: number }[];
  readonly coupons: readonly StoredCoupon[];
  readonly exchanges: readonly StoredExchange[];
}

/** The ledger's row: where the ledger stands. */
export interface Standing {
  readonly sequence: number;
  readonly points: number;
  readonly debt: DebtChange;
  readonly openedAt: EpochMs;
  readonly openedBy: CommandId;
  /** Whether the row's head is the seal of the last entry. */
  readonly hasHead: boolean;
}

export interface AuditedEntry {
  readonly sequence: number;
  /** Null: its kind is unknown. */
  readonly entry: Entry | null;
  /** Whether the seal matches the entry's content. */
  readonly isSealed: boolean;
  /** Whether the previous seal that it holds is that of the entry before. */
  readonly isLinked: boolean;
}

export interface StoredLot extends Lot {
  readonly expiredPoints: number;
}

/** A coupon of the embedded coupon service that was issued to the customer. */
export interface StoredCoupon {
  readonly code: CouponCode;
  readonly exchangeId: EntryId;
  /** How often it has been used, according to its row. */
  readonly redemptionCount: number;
  /** How many stored uses count. */
  readonly uses: number;
  readonly isGivenBack: boolean;
}

export interface StoredExchange {
  readonly id: EntryId;
  readonly code: CouponCode;
  readonly state: ExchangeState;
  readonly reservedAt: EpochMs;
}
