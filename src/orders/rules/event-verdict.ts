import type { NoPoints } from "../../sites/rules/earn-rule.ts";

/** Why an event changes nothing. */
export type IgnoreReason =
  | NoPoints
  | "unknown_event_type"
  /** What cannot be undone is only done for an event of exactly the right name. */
  | "inexact_event_type"
  /** The member that names nobody, only says that there is nobody to name, follows. */
  | `placeholder: ${string}`
  /** What it asks for is older than the inbox remembers, so that it may have been done before. */
  | "too_old"
  /** The customer's ledger was opened a day or more after the deletion: somebody has registered anew. */
  | "registered_since"
  /** The member that cannot be read follows, in the payload's own words. */
  | `unreadable_payload: ${string}`
  | "order_not_completed"
  | "guest"
  /** The sub-orders of a split order earn, not the order that was split. */
  | "master_of_split_order"
  | "site_unknown_or_switched_off"
  | "return_not_approved"
  | "return_unknown"
  /** A later event of the same return counts. */
  | "superseded";

/** Why an event cannot be settled yet. */
export type WaitReason =
  /** It has been taken on, and is not through yet. */
  | "in_progress"
  /** The order that it is about has earned nothing so far. */
  | "order_has_not_earned"
  /** It is tried again: something that it needs did not answer. */
  | `retrying: ${string}`;

/** What has become of an event. */
export type EventVerdict =
  | { readonly kind: "granted"; readonly points: number }
  | { readonly kind: "taken-back"; readonly points: number }
  | { readonly kind: "given-back"; readonly points: number }
  | { readonly kind: "erased" }
  /** An earlier event had already done the same. */
  | { readonly kind: "duplicate" }
  | { readonly kind: "waiting"; readonly reason: WaitReason }
  | { readonly kind: "ignored"; readonly reason: IgnoreReason }
  | { readonly kind: "failed"; readonly reason: string };

export const verdictKinds = [
  "granted",
  "taken-back",
  "given-back",
  "erased",
  "duplicate",
  "waiting",
  "ignored",
  "failed",
] as const satisfies readonly EventVerdict["kind"][];

export const ignored = (reason: IgnoreReason): EventVerdict => ({ kind: "ignored", reason });
export const waiting = (reason: WaitReason): EventVerdict => ({ kind: "waiting", reason });
