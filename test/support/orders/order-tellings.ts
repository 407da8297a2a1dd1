import fc from "fast-check";
import type { EarningBase } from "../../../src/sites/rules/earn-rule.ts";
import type { Burst, Trouble } from "../ledger/interleaver.ts";

// Histories of an order, whole or split in two, and of two returns, that several consumers are told of at once.

export type OrderId = "A" | "B" | "M";

/** What an event says of when it became so. */
export interface Stamp {
  readonly version: number | null;
  /** Milliseconds from when events of its round begin to arrive. */
  readonly momentMs: number | null;
}

/** Amounts in cents. */
export interface Prices {
  readonly total: number | null;
  readonly net: number | null;
}

export interface OrderTelling {
  readonly of: "order";
  readonly id: OrderId;
  readonly status: "COMPLETED" | "DECLINED" | "CREATED" | "cancelled" | "deleted" | "split";
  readonly whose: "own" | "guest" | "another";
  readonly site: "main" | "off";
  readonly prices: Prices;
  /** Whether a part names the order that it was split from. */
  readonly namesMaster: boolean;
  /** What an order that was split tells of its parts. */
  readonly parts: readonly OrderId[];
  readonly stamp: Stamp;
}

export interface ReturnTelling {
  readonly of: "return";
  readonly id: "R1" | "R2";
  readonly status: "APPROVED" | "REJECTED" | "CLOSED" | "deleted";
  readonly isReceived: boolean;
  readonly requestor: "own" | "another" | "nobody";
  /** What was paid for what is returned of each order. */
  readonly orders: Readonly<Partial<Record<OrderId | "elsewhere", { readonly total: number; readonly net: number }>>>;
  readonly stamp: Stamp;
}

export type Telling = OrderTelling | ReturnTelling;

/** An event, and by whom it is processed. */
export interface Delivery {
  readonly telling: Telling;
  /** Where its arrival stands among those of its round: events are processed in other orders, too. */
  readonly arrival: number;
  /** Those who are told of it, each as often as it is named: the queue delivers at least once. */
  readonly consumers: readonly number[];
  /** Whether it comes in one batch with the event before. */
  readonly isInBatch: boolean;
}

/** The settings of the site `main`. */
export interface SiteTerms {
  readonly isOn: boolean;
  readonly base: EarningBase & keyof Prices;
  /** Points per 100 units. */
  readonly factorPercent: number;
}

/** Events that are under way together. What is known afterwards must not depend on which comes through first. */
export interface Round {
  /** More than 90 days after the one before: what is nobody's has been removed. */
  readonly isMuchLater: boolean;
  readonly site: SiteTerms;
  readonly deliveries: readonly Delivery[];
  /** What goes wrong for each of the consumers. */
  readonly troubles: readonly (readonly Trouble[])[];
  /** Whose calls come through first. */
  readonly bursts: readonly Burst[];
}

export type Story = readonly Round[];

const anyCents = fc.oneof(fc.integer({ min: 0, max: 20_000 }), fc.constantFrom(0, 1, 99, 100, 10_000, 3_333, 6_667));

const anyStamp: fc.Arbitrary<Stamp> = fc.record({
  version: fc.constantFrom(null, null, 1, 2, 3),
  momentMs: fc.constantFrom(null, null, -2, 0, 1, 2, 5),
});

/** Net and total differ, and so do the shares of an order that they are. */
const anyPrices = anyCents.map((total) => ({ total, net: total - (total % 7) }));

const anyOrderTelling = (ids: readonly OrderId[]): fc.Arbitrary<OrderTelling> =>
  fc.record({
    of: fc.constant("order" as const),
    id: fc.constantFrom(...ids),
    status: fc.constantFrom<OrderTelling["status"]>(
      ...(["COMPLETED", "COMPLETED", "COMPLETED", "COMPLETED", "COMPLETED", "split", "split"] as const),
      ...(["DECLINED", "CREATED", "cancelled", "deleted"] as const),
    ),
    whose: fc.constantFrom<OrderTelling["whose"]>("own", "own", "own", "own", "own", "own", "guest", "another"),
    site: fc.constantFrom<OrderTelling["site"]>("main", "main", "main", "main", "main", "off"),
    prices: fc.tuple(anyPrices, fc.constantFrom("both", "both", "both", "both", "net", "total", "none")).map(
      ([prices, told]): Prices => ({
        total: told === "both" || told === "total" ? prices.total : null,
        net: told === "both" || told === "net" ? prices.net : null,
      }),
    ),
    namesMaster: fc.constantFrom(true, true, true, false),
    parts: fc.constantFrom<readonly OrderId[]>(["A", "B"], ["A", "B"], ["A"], ["B"], []),
    stamp: anyStamp,
  });

const anyReturnTelling = (ids: readonly OrderId[]): fc.Arbitrary<ReturnTelling> =>
  fc.record({
    of: fc.constant("return" as const),
    id: fc.constantFrom("R1" as const, "R2" as const),
    status: fc.constantFrom<ReturnTelling["status"]>(
      "APPROVED",
      "APPROVED",
      "APPROVED",
      "REJECTED",
      "CLOSED",
      "deleted",
    ),
    isReceived: fc.boolean(),
    requestor: fc.constantFrom<ReturnTelling["requestor"]>("own", "another", "nobody"),
    orders: fc
      .uniqueArray(fc.constantFrom<OrderId | "elsewhere">(...ids, ...ids, "elsewhere"), { minLength: 1, maxLength: 2 })
      .chain((named) => fc.record(Object.fromEntries(named.map((id) => [id, anyPrices])))),
    stamp: anyStamp,
  });

const consumersMax = 3;

/** Mostly one of two: what three can do wrong needs two of them. */
const anyConsumer = fc.constantFrom(0, 0, 0, 1, 1, 1, 2);

const anyDelivery = (ids: readonly OrderId[]): fc.Arbitrary<Delivery> =>
  fc.record({
    telling: fc.oneof({ weight: 5, arbitrary: anyOrderTelling(ids) }, { weight: 3, arbitrary: anyReturnTelling(ids) }),
    arrival: fc.nat({ max: 4 }),
    consumers: fc.oneof(
      { weight: 3, arbitrary: anyConsumer.map((consumer) => [consumer]) },
      { weight: 1, arbitrary: fc.tuple(anyConsumer, anyConsumer) },
    ),
    isInBatch: fc.boolean(),
  });

const anyTroubles: fc.Arbitrary<readonly Trouble[]> = fc.array(
  fc.record({
    call: fc.integer({ min: 1, max: 16 }),
    how: fc.constantFrom<Trouble["how"]>("before", "after", "death"),
  }),
  { maxLength: 2 },
);

const anyBurst: fc.Arbitrary<Burst> = fc.record({
  consumer: anyConsumer,
  calls: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 20 })),
});

type Bases = fc.Arbitrary<SiteTerms["base"]>;

const anySite = (base: Bases): fc.Arbitrary<SiteTerms> =>
  fc.record({
    isOn: fc.constantFrom(true, true, true, false),
    base,
    factorPercent: fc.constantFrom(100, 100, 50, 137),
  });

const anyRound = (ids: readonly OrderId[], base: Bases): fc.Arbitrary<Round> =>
  fc.record({
    isMuchLater: fc.constantFrom(false, false, true),
    site: anySite(base),
    deliveries: fc.array(anyDelivery(ids), { minLength: 1, maxLength: 6 }),
    troubles: fc.tuple(...Array.from({ length: consumersMax }, () => anyTroubles)),
    bursts: fc.array(anyBurst, { maxLength: 12 }),
  });

/** A round in which each of a few events has a consumer for itself, and nothing fails. */
const anyRace = (ids: readonly OrderId[], base: Bases): fc.Arbitrary<Round> =>
  fc.record({
    isMuchLater: fc.constant(false),
    site: anySite(base),
    deliveries: fc
      .array(anyDelivery(ids), { minLength: 2, maxLength: consumersMax })
      .map((deliveries) => deliveries.map((one, consumer) => ({ ...one, consumers: [consumer] }))),
    troubles: fc.constant(Array.from({ length: consumersMax }, () => [])),
    bursts: fc.array(anyBurst, { minLength: 2, maxLength: 6 }),
  });

const anyBase = fc.constantFrom<SiteTerms["base"]>("total", "total", "net");

const anyRounds = (ids: readonly OrderId[], base: Bases): fc.Arbitrary<Story> =>
  fc.oneof(
    fc.array(anyRound(ids, base), { minLength: 1, maxLength: 3 }),
    fc.array(anyRace(ids, base), { minLength: 1, maxLength: 2 }),
  );

/**
 * Stories of one order, or of one that is split. The site of a split one earns on the same price all the time: by which
 * of two prices a return of the whole would be measured, nobody has said.
 */
export const anyStory: fc.Arbitrary<Story> = fc
  .oneof(
    anyRounds(["A"], anyBase),
    anyBase.chain((base) => anyRounds(["A", "B", "M"], fc.constant(base))),
  )
  .map(unambiguous);

/**
 * Takes out of a story what makes its end depend on what comes through first: which of two customers comes first is
 * the owner, and an order that has earned nothing yet has no price that an event could lack. So nobody else's event, and
 * none that lacks a price, comes before a round in which the order is known by then.
 */
function unambiguous(story: Story): Story {
  const [owned, earning] = [new Set<OrderId>(), new Set<OrderId>()];
  return story.map((round) => {
    const deliveries = round.deliveries.map((delivery) => {
      const { telling } = delivery;
      return telling.of === "order" ? { ...delivery, telling: clear(telling, owned, earning) } : delivery;
    });
    for (const { telling } of deliveries) {
      if (telling.of !== "order" || telling.whose !== "own" || telling.status !== "COMPLETED") continue;
      owned.add(telling.id);
      if (round.site.isOn && telling.site === "main") earning.add(telling.id);
    }
    return { ...round, deliveries };
  });
}

function clear(telling: OrderTelling, owned: ReadonlySet<OrderId>, earning: ReadonlySet<OrderId>): OrderTelling {
  const { id, prices } = telling;
  const status = telling.status === "split" && id !== "M" ? "COMPLETED" : telling.status;
  const whose = telling.whose === "another" && !owned.has(id) ? "own" : telling.whose;
  const told = prices.total ?? prices.net ?? 0;
  const complete = { total: prices.total ?? told, net: prices.net ?? told };
  return { ...telling, status, whose, prices: earning.has(id) ? prices : complete };
}
