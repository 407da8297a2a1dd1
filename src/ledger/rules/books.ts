import type { CommandId, EntryId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { DebtChange, Entry } from "./entry.ts";
import type { CouponCode } from "./exchange/coupon.ts";
import type { ExchangeState } from "./exchange/exchange.ts";
import type { Lot } from "./lot.ts";

/** All that is stored of one ledger, as it was found: nothing of it is believed. */
export interface Books {
  /** Null: there is no row that says where the ledger stands. */
  readonly standing: Standing | null;
  /** By sequence. */
  readonly entries: readonly AuditedEntry[];
  readonly lots: readonly StoredLot[];
  /** Lots' usages that belong to no entry. */
  readonly strayUsages: readonly { readonly lotId: EntryId; readonly sequence: number }[];
  readonly coupons: readonly StoredCoupon[];
  readonly exchanges: readonly StoredExchange[];
}

/** Where the ledger stands, as its row says. */
export interface Standing {
  readonly sequence: number;
  readonly points: number;
  readonly debt: DebtChange;
  readonly openedAt: EpochMs;
  readonly openedBy: CommandId;
  /** Whether the row has the last entry's seal. */
  readonly hasHead: boolean;
}

export interface AuditedEntry {
  readonly sequence: number;
  /** Null: of no kind that there is. */
  readonly entry: Entry | null;
  /** Whether the seal is that of the content. */
  readonly isSealed: boolean;
  /** Whether the seal before is that of the entry before. */
  readonly isLinked: boolean;
}

export interface StoredLot extends Lot {
  readonly lapsedPoints: number;
}

/** A coupon of the embedded coupon service that was issued to the customer. */
export interface StoredCoupon {
  readonly code: CouponCode;
  readonly redemptionId: EntryId;
  /** How often it has been used, as its row says. */
  readonly redemptionCount: number;
  /** Uses that are stored and count. */
  readonly uses: number;
  readonly isGivenBack: boolean;
}

export interface StoredExchange {
  readonly id: EntryId;
  readonly code: CouponCode;
  readonly state: ExchangeState;
  readonly reservedAt: EpochMs;
}
