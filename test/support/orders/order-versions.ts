import fc from "fast-check";
import type { ReturnPolicy } from "../../../src/ledger/rules/returns.ts";
import { owner } from "./told-events.ts";

// Histories of one order and of up to four returns of it, told by events that come in any order and more than once, with
// exchanges and coupons given back in between.

/** How an order, or a return, stands from some version on. Amounts in cents. */
export interface OrderVersion {
  readonly of: "order";
  readonly status: "COMPLETED" | "DECLINED" | "CREATED" | "cancelled" | "deleted";
  readonly cents: number;
}

export interface ReturnVersion {
  readonly of: "return";
  readonly returnId: string;
  readonly status: "APPROVED" | "REJECTED" | "PENDING" | "CLOSED" | "deleted";
  readonly isReceived: boolean;
  readonly cents: number;
  /** Whether it names this order, or has been moved to another one. */
  readonly isOfOrder: boolean;
}

export type Version = (OrderVersion | ReturnVersion) & { readonly version: number };

export type Deed =
  | { readonly do: "tell"; readonly nth: number }
  | { readonly do: "grant"; readonly points: number }
  | { readonly do: "exchange"; readonly points: number }
  | { readonly do: "give back"; readonly nth: number };

export interface History {
  readonly policy: ReturnPolicy;
  /** Whether events tell the version of what they show: all of them, or only some, which then tell the moment, too. */
  readonly stamps: "versions" | "moments" | "either";
  readonly versions: readonly Version[];
  readonly deeds: readonly Deed[];
}

const anyCents = fc.oneof(
  fc.integer({ min: 0, max: 20_000 }),
  fc.constantFrom(0, 1, 50, 99, 100, 10_000, 33_33, 66_67),
);

const anyOrderVersions = fc
  .array(
    fc.record({
      of: fc.constant("order" as const),
      status: fc.constantFrom<OrderVersion["status"]>(
        ...([
          "COMPLETED",
          "COMPLETED",
          "COMPLETED",
          "COMPLETED",
          "DECLINED",
          "CREATED",
          "cancelled",
          "deleted",
        ] as const),
      ),
      cents: anyCents,
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map(numbered);

const anyReturnVersions = (returnId: string) =>
  fc
    .array(
      fc.record({
        of: fc.constant("return" as const),
        returnId: fc.constant(returnId),
        status: fc.constantFrom<ReturnVersion["status"]>(
          ...(["APPROVED", "APPROVED", "APPROVED", "REJECTED", "PENDING", "CLOSED", "deleted"] as const),
        ),
        isReceived: fc.boolean(),
        cents: anyCents,
        isOfOrder: fc.constantFrom(true, true, true, true, false),
      }),
      { maxLength: 3 },
    )
    .map(numbered);

function numbered<Item extends object>(items: readonly Item[]): readonly (Item & { readonly version: number })[] {
  return items.map((item, index) => ({ ...item, version: index + 1 }));
}

export const anyHistory: fc.Arbitrary<History> = fc
  .record({
    policy: fc.constantFrom<ReturnPolicy>("clamp", "negative", "absorb"),
    stamps: fc.constantFrom<History["stamps"]>("versions", "moments", "either"),
    order: anyOrderVersions,
    returns: fc.tuple(...["R1", "R2", "R3", "R4"].map(anyReturnVersions)),
    others: fc.array(
      fc.oneof(
        {
          weight: 1,
          arbitrary: fc.record({ do: fc.constant("grant" as const), points: fc.integer({ min: 1, max: 60 }) }),
        },
        {
          weight: 4,
          arbitrary: fc.record({ do: fc.constant("exchange" as const), points: fc.integer({ min: 1, max: 200 }) }),
        },
        { weight: 3, arbitrary: fc.record({ do: fc.constant("give back" as const), nth: fc.nat({ max: 5 }) }) },
      ),
      { maxLength: 8 },
    ),
    repetitions: fc.array(fc.nat({ max: 15 }), { maxLength: 4 }),
  })
  .chain(({ policy, stamps, order, returns, others, repetitions }) => {
    const versions: readonly Version[] = [...order, ...returns.flat()];
    const told = [...versions.keys(), ...repetitions.filter((nth) => nth < versions.length)];
    const deeds: readonly Deed[] = [...told.map((nth): Deed => ({ do: "tell", nth })), ...others];
    return fc
      .shuffledSubarray([...deeds], { minLength: deeds.length, maxLength: deeds.length })
      .map((shuffled) => ({ policy, stamps, versions, deeds: shuffled }));
  });

const euros = (cents: number): number => cents / 100;

/** Not so long ago that events are not taken any more. */
const lately = Date.now() - 86_400_000;

/** What an event says of its version, as number or as text, and of its moment. */
function metadataOf({ version }: Version, stamps: History["stamps"], nth: number): object {
  const modifiedAt = new Date(lately + version * 1_000).toISOString();
  if (stamps === "versions") return { version: nth % 3 === 0 ? String(version) : version };
  return stamps === "either" && nth % 2 === 0 ? { version, modifiedAt } : { modifiedAt };
}

/** The event that tells a version. */
export function eventOf(told: Version, stamps: History["stamps"] = "versions", nth = 1): object {
  const metadata = metadataOf(told, stamps, nth);
  if (told.of === "order") {
    if (told.status === "deleted")
      return { type: "order.deleted", payload: { id: "A", siteCode: "main", status: "x" } };
    if (told.status === "cancelled") return { type: "order.cancelled", payload: { id: "A", status: "x", metadata } };
    const { status, cents } = told;
    const payload = { id: "A", status, customer: { id: owner }, totalPrice: euros(cents), metadata };
    return { type: "order.updated", payload };
  }
  const { returnId: id, status, isReceived, cents, isOfOrder } = told;
  if (status === "deleted") return { type: "return.deleted", payload: { id } };
  const total = { value: euros(cents), currency: "EUR" };
  const orders = [{ id: isOfOrder ? "A" : "elsewhere", items: [] }];
  return {
    type: "return.updated",
    payload: { id, approvalStatus: status, received: isReceived, orders, total, metadata },
  };
}

/** What the order is to leave, by what was told of it so far: the latest states alone. */
export function keptBy(told: readonly Version[]): number {
  const isFinal = ({ status }: Version) => status === "deleted";
  // A status that says nothing of points tells nothing.
  const speaking = told.filter((one) => one.of !== "order" || one.status !== "CREATED");
  const latestOf = (all: readonly Version[]): Version | undefined =>
    all.find(isFinal) ?? all.toSorted((left, right) => right.version - left.version)[0];
  const order = latestOf(speaking.filter((one) => one.of === "order"));
  if (order?.of !== "order" || order.status !== "COMPLETED") return 0;
  const earned = Math.floor(order.cents / 100);
  if (earned === 0) return 0;
  const returned = ["R1", "R2", "R3", "R4"].reduce((sum, id) => {
    const latest = latestOf(speaking.filter((one) => one.of === "return" && one.returnId === id));
    if (latest?.of !== "return" || !latest.isOfOrder) return sum;
    const isApproved = latest.status === "APPROVED" || (latest.status === "CLOSED" && latest.isReceived);
    return isApproved ? sum + latest.cents : sum;
  }, 0);
  return earned - Math.min(earned, Math.floor((earned * returned) / order.cents));
}
