import type { CommandId, EntryId } from "../../platform/values/identifiers.ts";
import type { Result } from "../../platform/values/result.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { LedgerCommand, Outcome } from "./command.ts";
import type { Entry, EntryBase } from "./entry.ts";
import type { CouponEffect } from "./exchange/exchange.ts";
import type { LedgerFailure } from "./failure.ts";
import { activePoints, evolve, type Ledger, momentIn } from "./ledger.ts";
import type { Points } from "./points.ts";

/** An entry as a rule writes it, without the members that all entries share. */
type Body<Kind extends Entry> = Kind extends Entry ? Omit<Kind, keyof EntryBase> : never;

/** The result of a rule, apart from the entries that it appended, or the reason why it refuses. */
export type Writing = Result<
  {
    readonly outcome: Outcome;
    readonly couponEffect?: CouponEffect;
    readonly isRepetition?: boolean;
  },
  LedgerFailure
>;

/** A decision in the making. Rules append entries, and the ledger evolves with them. */
export class Draft {
  readonly #command: LedgerCommand;
  readonly #entries: Entry[] = [];
  /** The moment of the decision and of its entries. */
  readonly now: EpochMs;
  #ledger: Ledger;

  constructor(command: LedgerCommand, ledger: Ledger, now: EpochMs) {
    this.#command = command;
    this.#ledger = ledger;
    this.now = momentIn(ledger, now);
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** The ledger after the entries appended so far. */
  get ledger(): Ledger {
    return this.#ledger;
  }

  get commandId(): CommandId {
    return this.#command.id;
  }

  append(body: Body<Entry>): void {
    const { id: commandId, actor } = this.#command;
    const sequence = this.#ledger.sequence + 1;
    const entry = { ...body, sequence, commandId, actor, recordedAt: this.now, balanceAfter: 0 as Points };
    this.#ledger = evolve(this.#ledger, entry);
    this.#entries.push({ ...entry, balanceAfter: activePoints(this.#ledger, this.now) });
  }

  /** The id that the client chose, or else the command's. */
  entryId(given: EntryId | null): EntryId {
    return given ?? (this.#command.id as string as EntryId);
  }

  /** Kept only with an id that the client chose, to tell a repetition from a conflict. */
  fingerprintFor(given: EntryId | null): string | null {
    return given === null ? null : this.#command.fingerprint;
  }
}
