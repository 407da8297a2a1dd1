import { expect, test } from "vitest";
import type { Context } from "../../src/application/context.ts";
import { createRedeemOption } from "../../src/application/create-redeem-option.ts";
import type { Services } from "../../src/application/services.ts";
import { updateRedeemOption } from "../../src/application/update-redeem-option.ts";
import type { RedeemOptionId } from "../../src/domain/identifiers.ts";
import type { RedeemOption, RedeemOptionTerms } from "../../src/domain/redeem-option.ts";
import { at, coupon, points } from "../support/ledgers.ts";

const id = "option" as RedeemOptionId;
const validUntil = at("2026-05-11T12:00:00Z");
const terms: RedeemOptionTerms = {
  type: "coupon",
  name: "x",
  description: null,
  points: points(1),
  coupon: { ...coupon, restrictions: { validUntil } },
  pointsAfterCoupon: null,
};
const times = { createdAt: at("2026-05-01T00:00:00Z"), modifiedAt: at("2026-05-01T00:00:00Z") };

/** A merchant's request at a moment, with an option that is there; what is written is kept in `written`. */
function situation(now: string, stored: RedeemOption | null) {
  const written: RedeemOption[] = [];
  const services = {
    clock: { now: () => at(now) },
    newId: () => "new",
    redeemOptions: {
      list: async () => (stored === null ? [] : [stored]),
      find: async () => stored,
      insert: async (_tenant: string, option: RedeemOption) => void written.push(option),
      update: async (_tenant: string, option: RedeemOption) => written.push(option) > 0,
    },
  } as unknown as Services;
  const principal = { tenant: "demo" } as Context["principal"];
  return { context: { services, principal, operation: "", idempotencyKey: null }, written };
}

const over = {
  ok: false,
  failure: { code: "validation_failed", violations: [{ field: "coupon.restrictions.validUntil" }] },
};
const create = (context: Context) => createRedeemOption(context, { id, terms }, () => "body");

test("an option is not written once its coupon is over", async () => {
  const { context, written } = situation("2026-05-11T12:00:00Z", null);
  expect((await create(context)).result).toMatchObject(over);
  const stored = { ...terms, coupon, id, version: 1, ...times };
  const replacing = situation("2026-05-11T12:00:00Z", stored);
  expect(await updateRedeemOption(replacing.context, { id, version: null, terms })).toMatchObject(over);
  expect([...written, ...replacing.written]).toEqual([]);
  expect((await create(situation("2026-05-11T11:59:59.999Z", null).context)).result.ok).toBe(true);
});

test("a repetition of a write is answered as the first time, also after the coupon is over", async () => {
  const first = { ...terms, id, version: 1, ...times };
  expect((await create(situation("2026-06-01T00:00:00Z", first).context)).result.ok).toBe(true);
  const second = { ...first, version: 2 };
  const { context } = situation("2026-06-01T00:00:00Z", second);
  expect(await updateRedeemOption(context, { id, version: 1, terms })).toMatchObject({ ok: true, value: second });
});
