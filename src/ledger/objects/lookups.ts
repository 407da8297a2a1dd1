import type { EpochMs } from "../../platform/values/time.ts";
import type { LedgerCommand } from "../rules/command.ts";
import { canonicalCouponCode } from "../rules/exchange/coupon.ts";
import type { OptionStamp } from "../rules/exchange/option-stamp.ts";
import type { CommandSubject, LedgerLookups } from "../use-cases/ports.ts";
import { entryIdOf } from "./replay-memory.ts";

/** What must be looked up to decide the command; null when the ledger alone is enough. */
export function subjectOf({ intent }: LedgerCommand, now: EpochMs): CommandSubject | null {
  switch (intent.kind) {
    case "adjust-order":
      return { kind: "order", orderIds: intent.adjustment.orderIds };
    case "advance-exchange":
      return { kind: "exchange", id: intent.step.id, today: dayOf(now) };
    case "give-back-coupon":
      return { kind: "coupon", code: canonicalCouponCode(intent.code), today: dayOf(now) };
    case "expire":
      return { kind: "expired-lots", by: now };
    default:
      return null;
  }
}

const dayMs = 86_400_000;
/** The start of the day in UTC. */
const dayOf = (moment: EpochMs): EpochMs => (moment - (moment % dayMs)) as EpochMs;

/** Whether a command must commit alone: it erases what others add, or needs to know what they did. */
export const isSolitary = (command: LedgerCommand): boolean =>
  command.intent.kind === "erase" || subjectOf(command, 0 as EpochMs) !== null;

/** What to look up to tell whether the commands, or equal ones, were carried out before, or their options changed. */
export const lookupsFor = (group: readonly { readonly command: LedgerCommand }[]): LedgerLookups => ({
  idempotencyKeys: group.flatMap(({ command }) => command.idempotencyKey ?? []),
  entryIds: group.flatMap(({ command }) => entryIdOf(command) ?? []),
  optionStamps: group.flatMap(({ command }) => stampOf(command) ?? []),
});

/** The stamp of the option that priced the command's exchange; null when there is none. */
export const stampOf = ({ intent }: LedgerCommand): OptionStamp | null =>
  intent.kind === "exchange" && intent.terms.ok ? intent.terms.value.optionStamp : null;

/** The stamp as a key for maps and sets. */
export const textOfStamp = ({ id, version, createdAt }: OptionStamp): string =>
  JSON.stringify([id, version, createdAt]);
