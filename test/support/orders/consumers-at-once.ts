import { expect } from "vitest";
import type { LedgerCommand } from "../../../src/ledger/rules/command.ts";
import { activePoints } from "../../../src/ledger/rules/ledger.ts";
import type { LedgerKey } from "../../../src/ledger/rules/ledger-key.ts";
import type { LedgerAnswer } from "../../../src/ledger/use-cases/ports.ts";
import { consumeEvents } from "../../../src/orders/use-cases/consume-events.ts";
import type { QueuedEvent } from "../../../src/orders/use-cases/event-ports.ts";
import type { Services } from "../../../src/platform/http/services.ts";
import { StoreUnavailable } from "../../../src/platform/runtime/store-errors.ts";
import { refuse } from "../../../src/platform/values/result.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";
import { type RewardSettings, switchedOff } from "../../../src/sites/rules/site-settings.ts";
import { Gate, Interleaver } from "../ledger/interleaver.ts";
import { keyOf } from "../ledger/ledgers.ts";
import { MemoryInbox } from "./memory-inbox.ts";
import { MemoryOrderStates } from "./memory-order-states.ts";
import { earningSettings, FakeLedgers, FakeMessage } from "./order-events.ts";
import type { Round, SiteTerms, Story } from "./order-tellings.ts";
import { dueAfter, type ToldRound } from "./order-truth.ts";
import { owner, toldEvent } from "./told-events.ts";

const dayMs = 86_400_000;

/** How often a message is delivered at most before it must be through. */
const deliveriesMax = 8;

/** An event of a round, with who is told of it. */
interface Arrived {
  readonly queued: QueuedEvent;
  readonly consumers: readonly number[];
  readonly isInBatch: boolean;
}

const settingsOf = ({ isOn, base, factorPercent }: SiteTerms): RewardSettings => ({
  ...earningSettings,
  enabled: isOn,
  earningBase: base,
  orderValueToRewardPointsFactor: String(factorPercent / 100),
  validityMonths: null,
});

/** One shop's ledgers, inbox and states, at which several consumers work at once. */
class Shop {
  readonly #ledgers = new FakeLedgers();
  readonly #states = new MemoryOrderStates();
  readonly #inbox = new MemoryInbox();
  #now = Date.now() as EpochMs;
  #site: RewardSettings = earningSettings;
  #ids = 0;

  constructor() {
    this.#ledgers.now = () => this.#now;
  }

  get now(): EpochMs {
    return this.#now;
  }

  get balance(): number {
    return activePoints(this.#ledgers.ledgerOf(keyOf("demo", owner)).ledger, this.#now);
  }

  /** Of all customers. */
  get balances(): number {
    return this.#ledgers.balance;
  }

  async begin({ isMuchLater, site }: Round): Promise<void> {
    this.#now = (this.#now + (isMuchLater ? 91 * dayMs : 60_000)) as EpochMs;
    this.#site = settingsOf(site);
    if (isMuchLater) await this.#states.removeOfNobody((this.#now - 90 * dayMs) as EpochMs, 1_000);
  }

  /** What a consumer sees: every call waits until it is let through. */
  servicesBehind(gate: Gate): Services {
    const down = (): never => {
      throw new StoreUnavailable("Down.");
    };
    const ledgers = this.#ledgers;
    const execute = (key: LedgerKey, command: LedgerCommand): Promise<LedgerAnswer> =>
      gate.pass(
        () => ledgers.execute(key, command),
        () => ({ result: refuse({ code: "outcome_unknown" }), replayed: false }),
      );
    const executeAll = async (key: LedgerKey, commands: readonly LedgerCommand[]): Promise<readonly LedgerAnswer[]> => {
      const answers: LedgerAnswer[] = [];
      for (const command of commands) answers.push(await execute(key, command));
      return answers;
    };
    const effective = async (_: string, site: string) => (site === "main" ? this.#site : switchedOff);
    const silent = () => {};
    return {
      ledgers: { execute, executeAll },
      eventInbox: gate.around(this.#inbox, down),
      orderStates: gate.around(this.#states, down),
      coupons: { uses: gate.around({ cancelOfOrder: async () => {} }, down) },
      siteSettings: gate.around({ effective }, down),
      clock: { now: () => this.#now },
      log: { info: silent, warn: silent, error: silent },
      newId: () => {
        this.#ids += 1;
        return `settling-${this.#ids}`;
      },
    } as unknown as Services;
  }
}

/** Plays a story, and holds what the ledger comes to against what was told, whenever all is quiet. */
export async function playStory(story: Story): Promise<void> {
  const shop = new Shop();
  const told: ToldRound[] = [];
  let events = 0;
  for (const round of story) {
    await shop.begin(round);
    const inOrder = [...round.deliveries.entries()].toSorted(([, left], [, right]) => left.arrival - right.arrival);
    const numbers = new Map(inOrder.map(([index], place) => [index, events + place + 1]));
    events += inOrder.length;
    const arrived = round.deliveries.map(({ telling, arrival, ...delivery }, index) => {
      const nth = numbers.get(index) ?? 0;
      const receivedAt = (shop.now + arrival) as EpochMs;
      const { momentMs } = telling.stamp;
      const event = toldEvent(telling, nth, shop.now);
      const id = `0193a9f2-0000-7000-8000-${String(nth).padStart(12, "0")}`;
      const queued = { tenant: "demo", id, receivedAt, event } as unknown as QueuedEvent;
      const moment = momentMs === null ? receivedAt : shop.now + momentMs;
      return { ...delivery, queued, told: { telling, nth, momentMs: moment } };
    });
    await consumeAtOnce(shop, arrived, round);
    told.push({ ...round, told: arrived.map((one) => one.told) });
    const due = dueAfter(told);
    // The comparison itself is cheap; what tells of it is not.
    if (shop.balance !== due || shop.balances !== due) expect([shop.balance, shop.balances]).toEqual([due, due]);
  }
}

async function consumeAtOnce(shop: Shop, arrived: readonly Arrived[], { troubles, bursts }: Round): Promise<void> {
  const interleaver = new Interleaver(bursts);
  const flows = troubles.map((own, consumer) => {
    const gate = new Gate(interleaver, consumer, own);
    return consume(shop, gate, () => new Gate(interleaver, consumer), batchesOf(arrived, consumer));
  });
  await interleaver.run(flows);
}

/** Processes one batch after another. What was not done with is delivered again, to another consumer when this one died. */
async function consume(shop: Shop, first: Gate, another: () => Gate, batches: readonly QueuedEvent[][]): Promise<void> {
  let gate = first;
  for (const batch of batches) {
    let left: readonly QueuedEvent[] = batch;
    for (let delivery = 1; left.length > 0; delivery += 1) {
      if (delivery > deliveriesMax) throw new Error("An event does not come through.");
      const messages = left.map((queued) => new FakeMessage(queued, delivery));
      const isDead = await Promise.race([
        consumeEvents(shop.servicesBehind(gate), messages).then(() => false),
        gate.death.then(() => true),
      ]);
      if (isDead) gate = another();
      else if (messages.some(({ outcome }) => outcome === "none")) throw new Error("A message was left alone.");
      left = messages.flatMap(({ body, outcome }) => (outcome === "acked" ? [] : [body as QueuedEvent]));
    }
  }
}

function batchesOf(arrived: readonly Arrived[], consumer: number): QueuedEvent[][] {
  const batches: QueuedEvent[][] = [];
  for (const { queued, consumers, isInBatch } of arrived) {
    for (const _ of consumers.filter((one) => one === consumer)) {
      const last = batches.at(-1);
      if (isInBatch && last !== undefined) last.push(queued);
      else batches.push([queued]);
    }
  }
  return batches;
}
