import type { NoPoints } from "../../sites/rules/earn-rule.ts";

/** Why an event changes nothing. */
export type IgnoreReason =
  | NoPoints
  | "unknown_event_type"
  /** The name only resembles that of an event whose effect cannot be undone. */
  | "inexact_event_type"
  /** The member in the detail holds a placeholder instead of a customer. */
  | "placeholder"
  /** It is older than everything the inbox remembers, so it may have been carried out before. */
  | "too_old"
  /** The customer's ledger was opened more than a day after the deletion: somebody registered anew. */
  | "registered_since"
  /** The detail is the member that cannot be read, as the payload spells it. */
  | "unreadable_payload"
  | "order_not_completed"
  | "guest"
  /** The sub-orders of a split order earn, not the order that was split. */
  | "master_of_split_order"
  | "site_unknown_or_switched_off"
  | "return_not_approved"
  | "return_unknown"
  /** A later state of the same order or return counts. */
  | "superseded";

/** Why an event waits. */
export type WaitReason =
  /** It was received, and is not finished yet. */
  | "in_progress"
  /** Its order has not earned anything yet. */
  | "order_has_not_earned"
  /** It will be tried again: something that it needs (the detail) did not answer. */
  | "retrying";

/** What became of an event. */
export type EventVerdict =
  | { readonly kind: "granted"; readonly points: number }
  | { readonly kind: "reversed"; readonly points: number }
  | { readonly kind: "restored"; readonly points: number }
  | { readonly kind: "erased" }
  /** An earlier event did the same. */
  | { readonly kind: "duplicate" }
  | { readonly kind: "waiting"; readonly reason: WaitReason; readonly detail?: string }
  | { readonly kind: "ignored"; readonly reason: IgnoreReason; readonly detail?: string }
  /** The reason is why the ledger refused it, or `gave_up`. With `gave_up`, the detail is what did not answer. */
  | { readonly kind: "failed"; readonly reason: string; readonly detail?: string };

export const verdictKinds = [
  "granted",
  "reversed",
  "restored",
  "erased",
  "duplicate",
  "waiting",
  "ignored",
  "failed",
] as const satisfies readonly EventVerdict["kind"][];

export const ignored = (reason: IgnoreReason, detail?: string): EventVerdict => ({
  kind: "ignored",
  reason,
  ...(detail === undefined ? {} : { detail }),
});

export const waiting = (reason: WaitReason, detail?: string): EventVerdict => ({
  kind: "waiting",
  reason,
  ...(detail === undefined ? {} : { detail }),
});
