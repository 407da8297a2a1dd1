import type { AccessFailure } from "../../access/rules/access.ts";
import type { ClientAuthenticationFailure, TokenFailure } from "../../access/use-cases/failure.ts";
import type { CouponFailure, CouponNotFound, MerchantCouponFailure } from "../../coupons/use-cases/failure.ts";
import type { LedgerFailure } from "../../ledger/rules/failure.ts";
import type { LedgerNotFound } from "../../ledger/use-cases/failure.ts";
import type { OptionFailure } from "../../options/use-cases/failure.ts";
import type { EventFailure } from "../../orders/use-cases/failure.ts";
import type { MixinFailure, SiteFailure } from "../../sites/use-cases/failure.ts";
import type { RequestFailure, Unavailable } from "../requests/failure.ts";

/** Every way in which any room can refuse a request. */
export type Failure =
  | LedgerFailure
  | LedgerNotFound
  | OptionFailure
  | CouponNotFound
  | CouponFailure
  | MerchantCouponFailure
  | MixinFailure
  | SiteFailure
  | EventFailure
  | AccessFailure
  | TokenFailure
  | ClientAuthenticationFailure
  | RequestFailure
  | Unavailable
  | { readonly code: "internal" };

export type FailureCode = Failure["code"];
