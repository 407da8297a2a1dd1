import type { Unavailable } from "../../platform/requests/failure.ts";
import type { Logger } from "../../platform/runtime/ports.ts";
import { withinDeadline } from "../../platform/runtime/within-deadline.ts";
import type { EntryId } from "../../platform/values/identifiers.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { LedgerCommand } from "../rules/command.ts";
import type { GivingBackTerms } from "../rules/exchange/exchange.ts";
import type { LedgerKey } from "../rules/ledger-key.ts";
import type { GivingBack, LedgerAnswer, LedgerGateway } from "../use-cases/ports.ts";
import type { CustomerLedger } from "./customer-ledger.ts";
import { ledgerName } from "./ledger-name.ts";

/** How often a call is tried. Each attempt uses a new stub, because a stub that failed stays broken. */
const attemptsMax = 3;
const retryPauseMsMax = 100;

/** How long a command's call may take. A ledger answers sooner than that, whatever it waits for. */
const callDeadlineMs = 12_000;

/** Reaches ledgers in their Durable Objects. */
export class DurableObjectLedgerGateway implements LedgerGateway {
  readonly #namespace: DurableObjectNamespace<CustomerLedger>;
  readonly #log: Logger;

  constructor(namespace: DurableObjectNamespace<CustomerLedger>, log: Logger) {
    this.#namespace = namespace;
    this.#log = log;
  }

  async execute(key: LedgerKey, command: LedgerCommand): Promise<LedgerAnswer> {
    // A retry is safe: the object recognizes by its id a command that it has already carried out.
    const called = await this.#call(
      key,
      async (ledger, attempt): Promise<LedgerAnswer> =>
        answerAt(attempt, await ledger.execute(attempt === 1 ? command : { ...command, isRetry: true })),
    );
    if (called.reached) return called.answer;
    return { result: refuse(called.failure), replayed: false };
  }

  async executeAll(key: LedgerKey, commands: readonly LedgerCommand[]): Promise<readonly LedgerAnswer[]> {
    const called = await this.#call(key, async (ledger, attempt): Promise<readonly LedgerAnswer[]> => {
      const sent = attempt === 1 ? commands : commands.map((command) => ({ ...command, isRetry: true as const }));
      const answers: readonly LedgerAnswer[] = await ledger.executeAll(sent);
      return answers.map((answer) => answerAt(attempt, answer));
    });
    if (called.reached) return called.answer;
    return commands.map(() => ({ result: refuse(called.failure), replayed: false }));
  }

  async giveBackExchange(
    key: LedgerKey,
    id: EntryId,
    terms: GivingBackTerms,
  ): Promise<Result<GivingBack, Unavailable>> {
    const called = await this.#call(
      key,
      async (ledger): Promise<GivingBack> => await ledger.giveBackExchange(id, terms),
    );
    return called.reached ? succeed(called.answer) : refuse(called.failure);
  }

  async resumeExchanges(key: LedgerKey): Promise<Result<null, Unavailable>> {
    const called = await this.#call(key, async (ledger): Promise<void> => await ledger.resumeExchanges());
    return called.reached ? succeed(null) : refuse(called.failure);
  }

  async activePoints(key: LedgerKey): Promise<Result<number, Unavailable>> {
    const called = await this.#call(
      key,
      async (ledger): Promise<Result<number, Unavailable>> => await ledger.activePoints(),
      // The ledger itself answers reads in time, and a timer here would make reading a balance a twelfth slower.
      null,
    );
    if (called.reached) return called.answer;
    return refuse(called.failure.code === "outcome_unknown" ? { code: "unavailable" } : called.failure);
  }

  async #call<Answer>(
    key: LedgerKey,
    send: (ledger: DurableObjectStub<CustomerLedger>, attempt: number) => Promise<Answer>,
    deadlineMs: number | null = callDeadlineMs,
  ): Promise<{ reached: true; answer: Answer } | { reached: false; failure: Unavailable }> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const sent = send(this.#namespace.getByName(ledgerName(key)), attempt);
        return {
          reached: true,
          answer: await (deadlineMs === null ? sent : withinDeadline(sent, deadlineMs, silence)),
        };
      } catch (error) {
        const { retryable, overloaded } = traitsOf(error);
        this.#log.warn("ledger_call_failed", { tenant: key.tenant, attempt, retryable, overloaded });
        if (overloaded || !retryable || attempt >= attemptsMax) {
          // An overloaded object did nothing in this attempt, but an earlier attempt may have taken effect.
          return { reached: false, failure: { code: overloaded && attempt === 1 ? "overloaded" : "outcome_unknown" } };
        }
        await scheduler.wait(Math.ceil(Math.random() * retryPauseMsMax));
      }
    }
  }
}

/** Refusals that mean that nothing was done. */
const untouched: ReadonlySet<string> = new Set<Unavailable["code"]>(["overloaded", "unavailable", "tenant_moving"]);

/** Such a refusal is conclusive only on a first attempt. On a retry, an earlier attempt may have taken effect. */
const answerAt = (attempt: number, answer: LedgerAnswer): LedgerAnswer =>
  attempt > 1 && !answer.result.ok && untouched.has(answer.result.failure.code)
    ? { result: refuse({ code: "outcome_unknown" }), replayed: false }
    : answer;

const silence = (): Error => new Error(`The ledger did not answer within ${callDeadlineMs} ms.`);

/** What the runtime says about a failed call to an object. */
function traitsOf(error: unknown): { retryable: boolean; overloaded: boolean } {
  const traits = (typeof error === "object" && error !== null ? error : {}) as Readonly<Record<string, unknown>>;
  return { retryable: traits["retryable"] === true, overloaded: traits["overloaded"] === true };
}
