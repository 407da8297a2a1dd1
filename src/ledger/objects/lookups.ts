import type { EpochMs } from "../../platform/values/time.ts";
import type { LedgerCommand } from "../rules/command.ts";
import { canonicalCouponCode } from "../rules/exchange/coupon.ts";
import type { OptionStamp } from "../rules/exchange/option-stamp.ts";
import type { CommandSubject, LedgerLookups } from "../use-cases/ports.ts";
import { entryIdOf } from "./replay-memory.ts";

/** What must be looked up to decide the command; null when the ledger tells enough. */
export function subjectOf({ intent }: LedgerCommand, now: EpochMs): CommandSubject | null {
  switch (intent.kind) {
    case "settle-order":
      return { kind: "order", orderIds: intent.settling.orderIds };
    case "advance-exchange":
      return { kind: "exchange", id: intent.step.id, today: dayOf(now) };
    case "give-back-coupon":
      return { kind: "coupon", code: canonicalCouponCode(intent.code), today: dayOf(now) };
    case "lapse":
      return { kind: "expired-lots", by: now };
    default:
      return null;
  }
}

const dayMs = 86_400_000;
/** When the day began, in UTC. */
const dayOf = (moment: EpochMs): EpochMs => (moment - (moment % dayMs)) as EpochMs;

/** Whether a command shares its commit with nobody: it erases what others add, or needs to know what they did. */
export const isSolitary = (command: LedgerCommand): boolean =>
  command.intent.kind === "erase" || subjectOf(command, 0 as EpochMs) !== null;

/** What storage must be asked for to tell whether the group's commands, or equal ones, were carried out before. */
export const lookupsFor = (group: readonly { readonly command: LedgerCommand }[]): LedgerLookups => ({
  idempotencyKeys: group.flatMap(({ command }) => command.idempotencyKey ?? []),
  entryIds: group.flatMap(({ command }) => entryIdOf(command) ?? []),
  optionStamps: group.flatMap(({ command }) => stampOf(command) ?? []),
});

/** The state of the option that the command's exchange was priced by; null when it is no such exchange. */
export const stampOf = ({ intent }: LedgerCommand): OptionStamp | null =>
  intent.kind === "exchange" && intent.terms.ok ? intent.terms.value.optionStamp : null;

/** The stamp as a key. */
export const textOfStamp = ({ id, version, createdAt }: OptionStamp): string =>
  JSON.stringify([id, version, createdAt]);
