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

/** Ledgers spared at a time. Beyond that, the ones that refused first are called again. */
const sparedMax = 1_000;
const sparedMs = retryAfterSeconds * 1_000;

/** Spared separately: a ledger that takes no more commands may still answer a balance from memory. */
type Kind = "commands" | "reads";

/**
 * Spares overloaded ledgers. A client that is refused as overloaded is asked to come back after some seconds. For that
 * long, the isolate refuses all other requests itself, without a call to the ledger. Then it lets the first request
 * through, and while that has no answer, one more per such period. Once one is not refused, all are let through again.
 *
 * The period starts when the refused request was sent, because a request that waited long before its refusal reports an
 * old state. In that case one request is let through at once, and how soon it is accepted shows the current state.
 */
export class RememberedOverloads implements LedgerGateway, BusyLedgers {
  readonly #inner: LedgerGateway;
  readonly #clock: Clock;
  /**
   * Until when a ledger is spared. This is remembered for the same time again, so that the clients that come back then
   * do not all get through at once.
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

  /** Never held back: only the timer calls it, and no client waits for it. */
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
      // Requests that were under way at the first refusal report nothing new.
    } else if (this.#spared.recall(name, this.#clock.now()) === undefined) {
      this.#spare(name, now);
    }
    return answer;
  }

  /** @param since when the refused request, or the probe, was sent */
  #spare(name: string, since: EpochMs): void {
    const until = (since + sparedMs) as EpochMs;
    this.#spared.keep(name, until, (Math.max(until, this.#clock.now()) + sparedMs) as EpochMs);
  }
}

const overloaded = { result: refuse({ code: "overloaded" }), replayed: false } as const satisfies LedgerAnswer;

const isOverload = (result: Result<unknown, { readonly code: string }>): boolean =>
  !result.ok && result.failure.code === "overloaded";

/** Unambiguous, because a tenant's name contains no slash. */
const nameOf = (kind: Kind, { tenant, customerId }: LedgerKey): string => [kind, tenant, customerId].join("/");
