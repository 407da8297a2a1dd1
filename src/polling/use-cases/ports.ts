import type { TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { Change, Source } from "../rules/change.ts";

/** A page of what has changed since a moment, in the order of the changes. */
export interface ChangesPage {
  readonly changes: readonly Change[];
  /** Whether there may be more. */
  readonly isFull: boolean;
}

/** The services at which orders and returns are read. */
export interface ChangeSource {
  /** The tenant whose orders are read: an API client belongs to one. */
  readonly tenant: TenantId;
  /**
   * @param since inclusive
   * @param pageNumber from 1
   * @returns null when the service did not answer, refused, or gave an answer that makes no sense
   */
  page(source: Source, since: EpochMs, pageNumber: number): Promise<ChangesPage | null>;
}

/** How far each source has been read. */
export interface PositionStore {
  /** Null: it was never read. */
  find(tenant: TenantId, source: Source): Promise<EpochMs | null>;
  /** Moves a position forward, never back: of two readers at once, the faster one counts. */
  advance(tenant: TenantId, source: Source, to: EpochMs, at: EpochMs): Promise<void>;
}
