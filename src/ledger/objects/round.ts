import type { Clock } from "../../platform/runtime/ports.ts";
import { refuse, succeed } from "../../platform/values/result.ts";
import type { Intent } from "../rules/command.ts";
import { decide } from "../rules/decide.ts";
import type { Entry } from "../rules/entry.ts";
import type { CouponEffect } from "../rules/exchange/exchange.ts";
import type { OptionStamp } from "../rules/exchange/option-stamp.ts";
import type { Ledger } from "../rules/ledger.ts";
import type { LedgerKey } from "../rules/ledger-key.ts";
import type { IdempotencyRecord, LedgerAnswer, LedgerChanges, LedgerHead, SubjectFacts } from "../use-cases/ports.ts";
import type { WaitingCommand } from "./command-queue.ts";
import { stampOf, textOfStamp } from "./lookups.ts";
import type { ReplayMemory } from "./replay-memory.ts";

/** What is known of the ledger between commits: exactly what D1 holds. */
export interface Memory {
  readonly ledger: Ledger;
  readonly head: LedgerHead;
  readonly replays: ReplayMemory;
  /** Stamps found to match no option any more. They will never match one again. */
  readonly outdated: ReadonlySet<string>;
}

/** A group's decisions, not yet stored. */
export interface Round {
  readonly answers: readonly LedgerAnswer[];
  readonly changes: LedgerChanges;
  readonly replays: ReplayMemory;
}

/** What deciding needs from outside. */
export interface RoundSurroundings {
  readonly clock: Clock;
  /** The random part of a new coupon code. */
  newCouponSuffix(): string;
}

/** What to decide, and on what grounds. */
interface Undecided {
  readonly key: LedgerKey;
  readonly memory: Memory;
  readonly group: readonly WaitingCommand[];
  /** What a solitary command needs to know about its subject. */
  readonly known: SubjectFacts;
}

/** Decides a group's commands one after another, each on the ledger that the previous one left. */
export function decideAll(surroundings: RoundSurroundings, { key, memory, group, known }: Undecided): Round {
  const entries: Entry[] = [];
  const couponEffects: CouponEffect[] = [];
  const records: IdempotencyRecord[] = [];
  const optionStamps = new Map<string, OptionStamp>();
  const { replays } = memory;
  let { ledger } = memory;
  const answers = group.map(({ command }): LedgerAnswer => {
    const recalled = replays.recall(command);
    if (recalled !== null) return recalled;
    const stamp = stampOf(command);
    if (stamp !== null) {
      const text = textOfStamp(stamp);
      if (memory.outdated.has(text))
        return { result: refuse({ code: "option_changed", id: stamp.id }), replayed: false };
      optionStamps.set(text, stamp);
    }
    const now = surroundings.clock.now();
    const decided = decide(key, command, ledger, {
      now,
      couponSuffix: command.intent.kind === "exchange" ? surroundings.newCouponSuffix() : "",
      ...known,
    });
    const result = decided.ok ? succeed(decided.value.outcome) : decided;
    if (decided.ok) {
      ledger = decided.value.ledger;
      entries.push(...decided.value.entries);
      if (decided.value.couponEffect !== null) couponEffects.push(decided.value.couponEffect);
      replays.rememberDecision(decided.value);
    }
    if (command.idempotencyKey !== null) {
      const { idempotencyKey, fingerprint } = command;
      const record: IdempotencyRecord = { idempotencyKey, fingerprint, result, createdAt: now };
      records.push(record);
      replays.rememberRecord(record);
    }
    const last = decided.ok && command.intent.kind === "exchange" ? decided.value.entries.at(-1) : undefined;
    const replayed = decided.ok && decided.value.isRepetition;
    return { result, replayed, ...(last === undefined ? {} : { balanceAfter: last.balanceAfter }) };
  });
  const changes = {
    follows: memory.head,
    entries,
    couponEffects,
    records,
    optionStamps: [...optionStamps.values()],
    now: surroundings.clock.now(),
    ledger,
  };
  return { answers, changes, replays };
}

/**
 * Whether the group must be decided again after a lookup. The database's keys and checks catch wrong decisions that
 * store an entry, but a refusal stores none. It must not come from memory alone if the command may have been carried
 * out before, or if the option that priced it may have changed.
 */
export const mustLookUp = (group: readonly WaitingCommand[], { answers, replays }: Round): boolean =>
  group.some(({ command }, index) => {
    const answer = answers[index];
    const mayDiffer = command.isRetry === true || hasOwnId(command.intent) || stampOf(command) !== null;
    const isRefused = mayDiffer && answer?.replayed === false && !answer.result.ok;
    // The command was recognized by its entry, but its key may belong to another request.
    return isRefused || replays.isKeyUnknown(command);
  });

const hasOwnId = (intent: Intent): boolean =>
  intent.kind === "earn" ||
  (intent.kind === "grant" && intent.grant.id !== null) ||
  (intent.kind === "redeem" && intent.id !== null);
