import fc from "fast-check";
import type {
  EarningOrder,
  ExchangeTerms,
  Intent,
  LedgerCommand,
  OrderAdjustment,
} from "../../../src/ledger/rules/command.ts";
import type { CouponDefinition } from "../../../src/ledger/rules/exchange/coupon.ts";
import type { ExchangeStep, GivingBackTerms } from "../../../src/ledger/rules/exchange/exchange.ts";
import type { Grant } from "../../../src/ledger/rules/grant.ts";
import type { LedgerKey } from "../../../src/ledger/rules/ledger-key.ts";
import { type Points, pointsMax } from "../../../src/ledger/rules/points.ts";
import type { ReturnPolicy } from "../../../src/ledger/rules/returns.ts";
import type {
  Actor,
  CommandId,
  CustomerId,
  EntryId,
  RedeemOptionId,
  SiteCode,
  TenantId,
} from "../../../src/platform/values/identifiers.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";

export const keyOf = (tenant: string, customerId: string): LedgerKey => ({
  tenant: tenant as TenantId,
  customerId: customerId as CustomerId,
});

export const at = (iso: string): EpochMs => Date.parse(iso) as EpochMs;

export const points = (value: number): Points => value as Points;

export const coupon: CouponDefinition = {
  name: "10 % off",
  discountType: "PERCENT",
  discountPercentage: 10,
  allowAnonymous: true,
  maxRedemptions: 1,
  maxRedemptionsPerCustomer: -1,
};

let commands = 0;

/** A command with an id of its own, and a fingerprint that is the id unless given. */
export function commandOf(intent: Intent, more: Partial<LedgerCommand> = {}): LedgerCommand {
  commands += 1;
  const id = `command-${commands}` as CommandId;
  return { id, actor: "client:test" as Actor, intent, fingerprint: id, idempotencyKey: null, ...more };
}

export const grantOf = (amount: number, more: Partial<Grant> = {}): Grant => ({
  id: null,
  points: points(amount),
  referenceId: null,
  description: null,
  createdAt: null,
  validUntil: null,
  validityMonths: null,
  ...more,
});

export const grant = (amount: number, more: Partial<Grant> = {}): Intent => ({
  kind: "grant",
  grant: grantOf(amount, more),
});

export const redeem = (amount: number, id: string | null = null): Intent => ({
  kind: "redeem",
  id: id as EntryId | null,
  points: points(amount),
  description: null,
});

const exchangeTerms = (
  amount: number,
  more: Pick<CouponDefinition, "description" | "restrictions"> = {},
): ExchangeTerms => ({
  redeemOptionId: "option" as RedeemOptionId,
  optionStamp: null,
  points: points(amount),
  description: "A voucher",
  couponPrefix: "T",
  coupon: { ...coupon, ...more },
  issuer: "embedded",
});

export const exchange = (
  amount: number,
  more: Pick<CouponDefinition, "description" | "restrictions"> = {},
): Intent => ({
  kind: "exchange",
  terms: { ok: true, value: exchangeTerms(amount, more) },
});

/** Something that happens to a ledger some time after the thing before. */
export interface Step {
  readonly afterMs: number;
  /** Made at the moment of the step, which a grant's end depends on. */
  readonly intentAt: (now: EpochMs) => Intent;
}

const amount = fc.integer({ min: 1, max: 300 });

const anyGrant = fc
  .record({ amount, lifetimeMs: fc.option(fc.integer({ min: 0, max: 5_000 })) })
  .map(({ amount: value, lifetimeMs }) => (now: EpochMs): Intent => {
    const validUntil = lifetimeMs === null ? null : ((now + lifetimeMs) as EpochMs);
    return grant(value, { createdAt: now, validUntil });
  });

const anyOrderId = fc.constantFrom("A", "B", "C");
const anyReturnId = fc.constantFrom("R1", "R2", "R3", null);

/** An order that is worth twice as many units of money as it earns points. */
export const earn = (orderId: string, earned: number, more: Partial<EarningOrder> = {}): Intent => ({
  kind: "earn",
  order: {
    orderId,
    value: String(earned * 2),
    points: points(earned),
    description: `Order ${orderId}`,
    completedAt: null,
    validityMonths: null,
    ...more,
  },
});

/** Brings an order into line that has earned some points and is to keep some of them. */
export const settle = (orderId: string, earned: number, kept: number, more: Partial<OrderAdjustment> = {}): Intent => ({
  kind: "adjust-order",
  adjustment: {
    orderId,
    orderIds: [orderId],
    value: String(Math.abs(earned) * 2),
    completedAt: null,
    validityMonths: null,
    earned,
    kept,
    policy: "clamp",
    returnId: null,
    description: `Return of order ${orderId}`,
    ...more,
  },
});

/** A customer gives a coupon back who may give back any number, and knows what that costs, unless `more` says otherwise. */
export const givingBack = (code: string, more: Partial<GivingBackTerms> = {}) =>
  ({ kind: "give-back-coupon", code, terms: { ...freely, ...more } }) as const;

export const freely: GivingBackTerms = { perDay: 1_000, acceptsLoss: true };

export const anyTerms: fc.Arbitrary<GivingBackTerms> = fc.record({
  perDay: fc.constantFrom(0, 1, 2, 3, 1_000, 1_000),
  acceptsLoss: fc.boolean(),
});

const anyEarning = fc.record({ orderId: anyOrderId, amount }).map(
  ({ orderId, amount: value }) =>
    (): Intent =>
      earn(orderId, value),
);

const anyPolicy = fc.constantFrom<ReturnPolicy>("clamp", "negative", "absorb");

/** What an order is worth: now and then less than nothing, and now and then more than it has earned so far. */
const anyWorth = fc.record({
  orderId: anyOrderId,
  isWithNext: fc.constantFrom(false, false, false, true),
  returnId: anyReturnId,
  earned: fc.integer({ min: -50, max: 300 }),
  kept: fc.oneof(
    { weight: 1, arbitrary: fc.constant(0) },
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 300 }) },
    { weight: 1, arbitrary: fc.integer({ min: -50, max: 0 }) },
  ),
  policy: anyPolicy,
});

/** The next order counts together with the one before. */
const ordersOf = (orderId: string, isWithNext: boolean): readonly string[] =>
  isWithNext ? [orderId, { A: "B", B: "C" }[orderId] ?? "A"] : [orderId];

const anyAdjustment = anyWorth.map(({ orderId, isWithNext, earned, kept, ...more }) =>
  settle(orderId, earned, kept, { ...more, orderIds: ordersOf(orderId, isWithNext) }),
);

const anyIntent = (intent: fc.Arbitrary<Intent>) => intent.map((value) => () => value);

/** Histories in which lots expire while others come and are used up, all within a minute. */
export const anyHistory: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    afterMs: fc.integer({ min: 0, max: 1_000 }),
    intentAt: fc.oneof(
      { weight: 6, arbitrary: anyGrant },
      { weight: 5, arbitrary: anyIntent(amount.map((value) => redeem(value))) },
      { weight: 3, arbitrary: anyIntent(amount.map(exchange)) },
      { weight: 1, arbitrary: anyIntent(fc.constant({ kind: "open", startPoints: null })) },
      { weight: 1, arbitrary: anyIntent(fc.constant({ kind: "erase" })) },
      { weight: 4, arbitrary: anyEarning },
      { weight: 5, arbitrary: anyIntent(anyAdjustment) },
    ),
  }),
  { maxLength: 60 },
);

/** Something that is wanted of a ledger, told without naming a moment, a code or an exchange: what comes is unknown. */
export type Plan =
  | { readonly kind: "open"; readonly start: GrantPlan | null }
  | ({ readonly kind: "grant" } & GrantPlan)
  | { readonly kind: "earn"; readonly orderId: string; readonly amount: number; readonly validityMonths: number | null }
  | { readonly kind: "redeem"; readonly amount: number; readonly id: string | null }
  | {
      readonly kind: "exchange";
      readonly amount: number;
      readonly issuer: "embedded" | "upstream";
      /** Until when the coupon can be used; null: for ever. */
      readonly couponLifeMs: number | null;
      /** Days that the coupon can be used from its issue on; null, or absent: the option says nothing of that. */
      readonly validForDays?: number | null;
      readonly isForOthers?: boolean;
    }
  | { readonly kind: "exchange-refused" }
  | ({ readonly kind: "advance-exchange"; readonly nth: number; readonly terms: GivingBackTerms } & Pick<
      ExchangeStep,
      "from" | "to"
    >)
  | {
      readonly kind: "adjust-order";
      readonly worth: {
        readonly orderId: string;
        readonly isWithNext: boolean;
        readonly returnId: string | null;
        readonly earned: number;
        readonly kept: number;
        readonly policy: ReturnPolicy;
      };
      readonly validityMonths: number | null;
    }
  | {
      readonly kind: "give-back-coupon";
      readonly nth: number;
      readonly isLowerCase: boolean;
      readonly terms: GivingBackTerms;
    }
  | { readonly kind: "expire" }
  | { readonly kind: "erase" };

export interface GrantPlan {
  readonly id: string | null;
  readonly amount: number;
  /** How long ago the grant was made; null: it does not say. Negative: it is still to come. */
  readonly ageMs: number | null;
  /** From now on; null: it does not say. */
  readonly lifeMs: number | null;
  readonly validityMonths: number | null;
}

/** What a plan is carried out with. */
export interface Present {
  readonly now: number;
  /** Coupons that were issued so far. */
  readonly codes: readonly string[];
  /** Exchanges that were begun so far. */
  readonly exchanges: readonly string[];
}

const dayMs = 86_400_000;

/** Of the same few, so that they meet: ends and steps in time fall on one another, too. */
export const anyDurationMs = fc.constantFrom(0, 1, 400, 5_000, dayMs, 20 * dayMs);

const anyGrantPlan: fc.Arbitrary<GrantPlan> = fc.record({
  id: fc.constantFrom(null, null, "E1", "E2", "E3"),
  amount: fc.oneof({ weight: 40, arbitrary: amount }, { weight: 1, arbitrary: fc.constant(pointsMax - 200) }),
  ageMs: fc.constantFrom(null, null, null, 0, 400, dayMs, -1),
  lifeMs: fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, { weight: 3, arbitrary: anyDurationMs }),
  validityMonths: fc.constantFrom(null, null, 1),
});

const anyNth = fc.nat({ max: 7 });

const plan = <Kind extends Plan["kind"]>(
  kind: Kind,
  members: {
    [Name in keyof Omit<Extract<Plan, { kind: Kind }>, "kind">]: fc.Arbitrary<Extract<Plan, { kind: Kind }>[Name]>;
  },
): fc.Arbitrary<Plan> => fc.record({ kind: fc.constant(kind), ...members }) as unknown as fc.Arbitrary<Plan>;

/** Anything that can be wanted of a ledger, with few enough ids, orders and returns for them to meet. */
export const anyPlan: fc.Arbitrary<Plan> = fc.oneof(
  { weight: 1, arbitrary: plan("open", { start: fc.option(anyGrantPlan) }) },
  { weight: 8, arbitrary: anyGrantPlan.map((terms): Plan => ({ kind: "grant", ...terms })) },
  {
    weight: 5,
    arbitrary: plan("earn", { orderId: anyOrderId, amount, validityMonths: fc.constantFrom(null, null, 1) }),
  },
  { weight: 6, arbitrary: plan("redeem", { amount, id: fc.constantFrom(null, null, "E1", "E2", "E3") }) },
  {
    weight: 5,
    arbitrary: plan("exchange", {
      amount,
      issuer: fc.constantFrom("embedded", "upstream"),
      couponLifeMs: fc.option(anyDurationMs),
      validForDays: fc.constantFrom(null, null, 1, 20),
      isForOthers: fc.nat({ max: 9 }).map((nth) => nth === 0),
    }),
  },
  { weight: 1, arbitrary: plan("exchange-refused", {}) },
  {
    weight: 4,
    arbitrary: plan("advance-exchange", {
      nth: anyNth,
      terms: anyTerms,
      from: fc.constantFrom("PENDING", "PENDING", "ISSUED", "VOIDING", "GIVEN_BACK"),
      to: fc.constantFrom("ISSUED", "REFUSED", "VOIDING", "GIVEN_BACK"),
    }),
  },
  { weight: 8, arbitrary: plan("adjust-order", { worth: anyWorth, validityMonths: fc.constantFrom(null, null, 1) }) },
  { weight: 3, arbitrary: plan("give-back-coupon", { nth: anyNth, isLowerCase: fc.boolean(), terms: anyTerms }) },
  { weight: 2, arbitrary: plan("expire", {}) },
  { weight: 1, arbitrary: plan("erase", {}) },
);

/** What a plan comes to at present. */
export function intentOf(planned: Plan, present: Present): Intent {
  const { now, codes, exchanges } = present;
  switch (planned.kind) {
    case "open":
      return { kind: "open", startPoints: planned.start === null ? null : grantPlanned(planned.start, now) };
    case "grant":
      return { kind: "grant", grant: grantPlanned(planned, now) };
    case "earn":
      return earn(planned.orderId, planned.amount, { validityMonths: planned.validityMonths });
    case "redeem":
      return redeem(planned.amount, planned.id);
    case "exchange": {
      const { amount: price, issuer, couponLifeMs, validForDays = null, isForOthers = false } = planned;
      const restrictions = {
        ...(couponLifeMs === null ? {} : { validUntil: (now + couponLifeMs) as EpochMs }),
        ...(validForDays === null ? {} : { validForDays }),
        ...(isForOthers ? { validFor: ["another"] } : {}),
      };
      const value = { ...exchangeTerms(price, { restrictions }), issuer };
      return { kind: "exchange", terms: { ok: true, value } };
    }
    case "exchange-refused":
      return {
        kind: "exchange",
        terms: { ok: false, failure: { code: "rewards_disabled", siteCode: "main" as SiteCode } },
      };
    case "advance-exchange": {
      const id = exchanges[planned.nth % Math.max(1, exchanges.length)] ?? "unknown";
      return {
        kind: "advance-exchange",
        step: { id: id as EntryId, from: planned.from, to: planned.to, reason: null },
        ...(planned.to === "VOIDING" ? { terms: planned.terms } : {}),
      };
    }
    case "adjust-order": {
      const { orderId, isWithNext, earned, kept, returnId, policy } = planned.worth;
      const { validityMonths } = planned;
      const orderIds = ordersOf(orderId, isWithNext);
      return settle(orderId, earned, kept, { returnId, policy, orderIds, validityMonths });
    }
    case "give-back-coupon": {
      const code = codes[planned.nth % Math.max(1, codes.length)] ?? "T-UNKNOWN";
      return { ...givingBack(planned.isLowerCase ? code.toLowerCase() : code), terms: planned.terms };
    }
    default:
      return planned;
  }
}

const grantPlanned = ({ id, amount: value, ageMs, lifeMs, validityMonths }: GrantPlan, now: number): Grant =>
  grantOf(value, {
    id: id as EntryId | null,
    createdAt: ageMs === null ? null : ((now - ageMs) as EpochMs),
    validUntil: lifeMs === null ? null : ((now + lifeMs) as EpochMs),
    validityMonths,
  });
