import type { Services as Orders } from "../../orders/use-cases/context.ts";
import type { ChangeSource, PositionStore } from "./ports.ts";

/** What reading orders and returns works with. */
export interface Services extends Orders {
  /** Null: orders arrive by webhooks only. */
  readonly changeSource: ChangeSource | null;
  readonly positions: PositionStore;
}
