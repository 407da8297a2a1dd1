import { retryAfterSeconds, type Unavailable } from "../../platform/requests/failure.ts";
import type { Clock } from "../../platform/runtime/ports.ts";
import { ShortMemory } from "../../platform/runtime/short-memory.ts";
import type { EntryId } from "../../platform/values/identifiers.ts";
import { type Result, refuse } from "../../platform/values/result.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { LedgerCommand } from "../rules/command.ts";
import type { GivingBackTerms } from "../rules/exchange/exchange.ts";
import type { LedgerKey } from "../rules/ledger-key.ts";
import type { BusyLedgers, GivingBack, LedgerAnswer, LedgerGateway } from "../use-cases/ports.ts";

/** Ledgers that are spared at a time; of more, those that refused first are asked again. */
const sparedMax = 1_000;
const sparedMs = retryAfterSeconds * 1_000;

/** What is refused apart: a ledger that takes no more commands may well tell its balance out of memory. */
type Kind = "commands" | "reads";

/**
 * Spares ledgers that have too much to do. Whoever is refused as overloaded is asked to come again after some seconds; for
 * as long, the isolate refuses all others itself, without a call to the ledger. The first one after that is let through, and
 * while it has no answer, one in each such time: when it is not refused, all are let through again.
 *
 * The time counts from when the refused one was sent: what has waited for long before it was refused tells how it was then.
 * One is let through at once in this case, and how soon it is taken tells how it is now.
 */
export class RememberedOverloads implements LedgerGateway, BusyLedgers {
  readonly #inner: LedgerGateway;
  readonly #clock: Clock;
  /**
   * Until when a ledger is spared. Remembered for as long again, so that those who were asked to come back then do not all
   * come at once.
   */
  readonly #spared = new ShortMemory<EpochMs>(sparedMax);

  constructor(inner: LedgerGateway, clock: Clock) {
    this.#inner = inner;
    this.#clock = clock;
  }

  refusesCommands(key: LedgerKey): boolean {
    const now = this.#clock.now();
    const until = this.#spared.recall(nameOf("commands", key), now);
    return until !== undefined && now < until;
  }

  execute(key: LedgerKey, command: LedgerCommand): Promise<LedgerAnswer> {
    return this.#ask("commands", key, {
      send: () => this.#inner.execute(key, command),
      isRefusal: ({ result }) => isOverload(result),
      refusal: () => overloaded,
    });
  }

  executeAll(key: LedgerKey, commands: readonly LedgerCommand[]): Promise<readonly LedgerAnswer[]> {
    return this.#ask("commands", key, {
      send: () => this.#inner.executeAll(key, commands),
      isRefusal: (answers) => answers.some(({ result }) => isOverload(result)),
      refusal: () => commands.map(() => overloaded),
    });
  }

  giveBackExchange(key: LedgerKey, id: EntryId, terms: GivingBackTerms): Promise<Result<GivingBack, Unavailable>> {
    return this.#ask("commands", key, {
      send: () => this.#inner.giveBackExchange(key, id, terms),
      isRefusal: (answer) => (answer.ok ? answer.value.kind : answer.failure.code) === "overloaded",
      refusal: () => overloaded.result,
    });
  }

  activePoints(key: LedgerKey): Promise<Result<number, Unavailable>> {
    return this.#ask("reads", key, {
      send: () => this.#inner.activePoints(key),
      isRefusal: (result) => isOverload(result),
      refusal: () => overloaded.result,
    });
  }

  /** The timer asks for it, which nobody waits for: it is never kept back. */
  resumeExchanges(key: LedgerKey): Promise<Result<null, Unavailable>> {
    return this.#inner.resumeExchanges(key);
  }

  async #ask<Answer>(
    kind: Kind,
    key: LedgerKey,
    { send, isRefusal, refusal }: { send(): Promise<Answer>; isRefusal(answer: Answer): boolean; refusal(): Answer },
  ): Promise<Answer> {
    const name = nameOf(kind, key);
    const now = this.#clock.now();
    const until = this.#spared.recall(name, now);
    if (until !== undefined && now < until) return refusal();
    const isProbe = until !== undefined;
    if (isProbe) this.#spare(name, now);
    const answer = await send();
    if (!isRefusal(answer)) {
      if (isProbe) this.#spared.forget(name);
      // Those who were under way when the first one was refused have nothing new to tell.
    } else if (this.#spared.recall(name, this.#clock.now()) === undefined) {
      this.#spare(name, now);
    }
    return answer;
  }

  /** @param since when the command was sent that was refused, or that is to find out */
  #spare(name: string, since: EpochMs): void {
    const until = (since + sparedMs) as EpochMs;
    this.#spared.keep(name, until, (Math.max(until, this.#clock.now()) + sparedMs) as EpochMs);
  }
}

const overloaded = { result: refuse({ code: "overloaded" }), replayed: false } as const satisfies LedgerAnswer;

const isOverload = (result: Result<unknown, { readonly code: string }>): boolean =>
  !result.ok && result.failure.code === "overloaded";

/** Unambiguous, because a tenant's name has no slash. */
const nameOf = (kind: Kind, { tenant, customerId }: LedgerKey): string => [kind, tenant, customerId].join("/");
