import { memberAt } from "../../platform/values/json-member.ts";
import type { JsonObject } from "../../platform/values/json-object.ts";
import type { EpochMs } from "../../platform/values/time.ts";

/** What is read at Emporix, each with a position of its own. */
export type Source = "orders" | "returns";

export const sources: readonly Source[] = ["orders", "returns"];

/** The member that tells when an order or a return last changed, and by which both are sorted and found. */
export const changedMember: Readonly<Record<Source, string>> = {
  orders: "lastStatusChange",
  returns: "metadata.modifiedAt",
};

const eventTypes: Readonly<Record<Source, string>> = { orders: "order.updated", returns: "return.updated" };

/** An order or a return as it was read. */
export interface Change {
  /** When it last changed. Null: it does not say so in ISO 8601. */
  readonly at: EpochMs | null;
  readonly event: JsonObject;
}

/**
 * The event that a webhook would have sent about an order or a return. Its id is that of the order or return: the inbox
 * recognizes an event by its id and content, so the same state read twice is one event.
 */
export function changeOf(source: Source, document: JsonObject): Change {
  const changed = memberAt(document, changedMember[source]);
  const at = typeof changed === "string" ? Date.parse(changed) : Number.NaN;
  const { id } = document;
  return {
    at: Number.isNaN(at) ? null : (at as EpochMs),
    event: {
      id: `polled:${typeof id === "string" ? id : ""}`,
      type: eventTypes[source],
      // A return says by itself when it was modified.
      ...(source === "orders" && typeof changed === "string" ? { time: changed } : {}),
      payload: document,
    },
  };
}
