import { describe, expect, test } from "vitest";
import { type RedeemOption, type RedeemOptionTerms, shownBytes } from "../../../src/options/rules/redeem-option.ts";
import { createRedeemOption, redeemOptionsBytesMax } from "../../../src/options/use-cases/create-redeem-option.ts";
import { updateRedeemOption } from "../../../src/options/use-cases/update-redeem-option.ts";
import type { Context, Services } from "../../../src/platform/http/services.ts";
import type { RedeemOptionId } from "../../../src/platform/values/identifiers.ts";
import { at, coupon, points } from "../../support/ledger/ledgers.ts";

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
function situation(now: string, ...stored: readonly RedeemOption[]) {
  const written: RedeemOption[] = [];
  const services = {
    clock: { now: () => at(now) },
    newId: () => "new",
    redeemOptions: {
      list: async () => stored,
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
  const { context, written } = situation("2026-05-11T12:00:00Z");
  expect((await create(context)).result).toMatchObject(over);
  const stored = { ...terms, coupon, id, version: 1, ...times };
  const replacing = situation("2026-05-11T12:00:00Z", stored);
  expect(await updateRedeemOption(replacing.context, { id, version: null, terms })).toMatchObject(over);
  expect([...written, ...replacing.written]).toEqual([]);
  expect((await create(situation("2026-05-11T11:59:59.999Z").context)).result.ok).toBe(true);
});

test("a repetition of a write is answered as the first time, also after the coupon is over", async () => {
  const first = { ...terms, id, version: 1, ...times };
  expect((await create(situation("2026-06-01T00:00:00Z", first).context)).result.ok).toBe(true);
  const second = { ...first, version: 2 };
  const { context } = situation("2026-06-01T00:00:00Z", second);
  expect(await updateRedeemOption(context, { id, version: 1, terms })).toMatchObject({ ok: true, value: second });
});

describe("the options of a tenant", () => {
  const long = "\u00e9".repeat(2_000);
  const open = { ...terms, coupon: { ...coupon, description: long }, description: long };
  const optionOf = (nth: number, more: Partial<RedeemOption> = {}): RedeemOption => ({
    ...open,
    id: `option-${nth}` as RedeemOptionId,
    version: 1,
    ...times,
    ...more,
  });
  const now = "2026-05-02T00:00:00Z";
  const full = Array.from({ length: 239 }, (_, nth) => optionOf(nth));
  const tooLong = { ok: false, failure: { code: "option_texts_too_long", limitBytes: redeemOptionsBytesMax } };

  test("are no more bytes than a list of them may be, whether one is added or replaced", async () => {
    const bytes = full.reduce((sum, option) => sum + shownBytes(option), 0);
    expect(bytes).toBeLessThanOrEqual(redeemOptionsBytesMax);
    expect(bytes + shownBytes(optionOf(0))).toBeGreaterThan(redeemOptionsBytesMax);

    const adding = situation(now, ...full);
    expect((await createRedeemOption(adding.context, { id, terms: open }, () => "body")).result).toEqual(tooLong);
    const short = situation(now, ...full, optionOf(239, { description: null, coupon }));
    const replacing = { id: "option-239" as RedeemOptionId, version: null, terms: open };
    expect(await updateRedeemOption(short.context, replacing)).toEqual(tooLong);
    expect([...adding.written, ...short.written]).toEqual([]);
    expect(
      (await createRedeemOption(adding.context, { id, terms: { ...terms, coupon } }, () => "body")).result.ok,
    ).toBe(true);
  });

  test("that are too many bytes already can be made shorter, and one of them stay as long as it is", async () => {
    const { context } = situation(now, ...full, optionOf(239), optionOf(240));
    for (const shorter of [open, { ...open, description: null }]) {
      const input = { id: "option-240" as RedeemOptionId, version: null, terms: shorter };
      expect((await updateRedeemOption(context, input)).ok).toBe(true);
    }
  });

  test("may be for as many customers as they like: no customer is shown these", () => {
    const validFor = Array.from({ length: 1_000 }, (_, nth) => `customer-${nth}`);
    const named = optionOf(0, { coupon: { ...coupon, restrictions: { validFor } } });
    expect(shownBytes(named)).toBe(shownBytes(optionOf(0, { coupon: { ...coupon, restrictions: {} } })));
  });
});
