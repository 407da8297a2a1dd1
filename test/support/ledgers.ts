import fc from "fast-check";
import type { EarningOrder, Intent, LedgerCommand } from "../../src/domain/command.ts";
import type { CouponDefinition } from "../../src/domain/coupon.ts";
import type { LedgerKey } from "../../src/domain/decide.ts";
import type { Grant } from "../../src/domain/grant.ts";
import type { Actor, CommandId, CustomerId, EntryId, RedeemOptionId, TenantId } from "../../src/domain/identifiers.ts";
import type { Points } from "../../src/domain/points.ts";
import type { ReturnPolicy } from "../../src/domain/returns.ts";
import type { EpochMs } from "../../src/domain/time.ts";

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

export const exchange = (amount: number): Intent => ({
  kind: "exchange",
  terms: {
    ok: true,
    value: {
      redeemOptionId: "option" as RedeemOptionId,
      points: points(amount),
      description: "A voucher",
      couponPrefix: "T",
      coupon,
      issuer: "embedded",
    },
  },
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
    validityMonths: null,
    ...more,
  },
});

export const takeBack = (
  orderId: string,
  returnId: string | null,
  value: string | null,
  policy: ReturnPolicy,
): Intent => ({
  kind: "take-back",
  takeBack: { orderId, returnId, returnedValue: value, policy, description: `Return of order ${orderId}` },
});

const anyEarning = fc.record({ orderId: anyOrderId, amount }).map(
  ({ orderId, amount: value }) =>
    (): Intent =>
      earn(orderId, value),
);

const anyTakeBack = fc
  .record({
    orderId: anyOrderId,
    returnId: anyReturnId,
    value: fc.option(fc.integer({ min: 0, max: 40_000 }).map((cents) => (cents / 100).toFixed(2))),
    policy: fc.constantFrom<ReturnPolicy>("clamp", "negative", "absorb"),
  })
  .map(({ orderId, returnId, value, policy }) => takeBack(orderId, returnId, value, policy));

const anyUndoing = fc
  .record({ orderId: anyOrderId, returnId: anyReturnId })
  .map(({ orderId, returnId }): Intent => ({ kind: "undo-take-back", orderId, returnId }));

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
      { weight: 3, arbitrary: anyIntent(anyTakeBack) },
      { weight: 2, arbitrary: anyIntent(anyUndoing) },
    ),
  }),
  { maxLength: 60 },
);
