import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { outcomeOfRedemption } from "../../src/domain/command.ts";
import {
  type Coupon,
  type CouponCode,
  canonicalCouponCode,
  couponCodeOf,
  couponEntropyBytes,
  couponStatus,
  couponSuffix,
} from "../../src/domain/coupon.ts";
import {
  actorOfCustomer,
  type CustomerId,
  defaultSiteCode,
  type EntryId,
  parseCustomerId,
  parseEntryId,
  parseSiteCode,
  parseTenantId,
} from "../../src/domain/identifiers.ts";
import { parseAmount } from "../../src/domain/points.ts";
import { compareRedeemOptions, type RedeemOption } from "../../src/domain/redeem-option.ts";
import { compareText } from "../../src/domain/text-order.ts";
import { addCalendarMonths } from "../../src/domain/time.ts";
import { at, coupon } from "../support/ledgers.ts";

describe("calendar months", () => {
  test.each([
    ["2026-01-31T08:00:00.001Z", 1, "2026-02-28T08:00:00.001Z"],
    ["2028-01-31T08:00:00Z", 1, "2028-02-29T08:00:00Z"],
    ["2024-02-29T00:00:00Z", 12, "2025-02-28T00:00:00Z"],
    ["2026-12-31T23:59:59.999Z", 2, "2027-02-28T23:59:59.999Z"],
    ["2026-05-11T18:32:18.591Z", 36, "2029-05-11T18:32:18.591Z"],
    ["2026-03-31T00:00:00Z", 1, "2026-04-30T00:00:00Z"],
  ])("%s + %i months = %s", (from, months, to) => {
    expect(new Date(addCalendarMonths(at(from), months)).toISOString()).toBe(new Date(to).toISOString());
  });

  test("never leave the target month, and keep the time of day", () => {
    const day = fc.date({ min: new Date("1990-01-01"), max: new Date("2200-01-01"), noInvalidDate: true });
    fc.assert(
      fc.property(day, fc.integer({ min: 0, max: 600 }), (from, months) => {
        const to = new Date(addCalendarMonths(at(from.toISOString()), months));
        const monthsApart = (to.getUTCFullYear() - from.getUTCFullYear()) * 12 + to.getUTCMonth() - from.getUTCMonth();
        expect(monthsApart).toBe(months);
        expect(to.getUTCDate()).toBeLessThanOrEqual(from.getUTCDate());
        expect(to.toISOString().slice(11)).toBe(from.toISOString().slice(11));
      }),
    );
  });

  test("beyond what dates can hold end with the last date there is", () => {
    expect(addCalendarMonths(at("2026-01-01T00:00:00Z"), 10_000_000)).toBe(8_640_000_000_000_000);
  });
});

describe("coupon codes", () => {
  test("use every character of the alphabet equally often", () => {
    const counts = new Map<string, number>();
    for (let start = 0; start < 256; start += couponEntropyBytes) {
      const bytes = Uint8Array.from({ length: couponEntropyBytes }, (_, index) => (start + index) % 256);
      const used = Math.min(couponEntropyBytes, 256 - start);
      for (const character of couponSuffix(bytes).slice(0, used))
        counts.set(character, (counts.get(character) ?? 0) + 1);
    }
    expect([...counts.keys()].sort().join("")).toBe("0123456789ABCDEFGHJKMNPQRSTVWXYZ");
    expect(new Set(counts.values())).toEqual(new Set([8]));
  });

  test("are found however a person types them", () => {
    const canonical = canonicalCouponCode("LLS-0G1R3MWX9C2K");
    for (const typed of ["lls-0g1r3mwx9c2k", "LLSOGIR3MWX9C2K", "L-L-S-0GLR3MWX-9C2K", "iis-ogir3mwx9c2k"]) {
      expect(canonicalCouponCode(typed)).toBe(canonical);
    }
    expect(canonicalCouponCode("LLS-0G2R3MWX9C2K")).not.toBe(canonical);
  });
});

describe("a coupon code", () => {
  const bytesOf = (length: number) => new Uint8Array(length);

  test("is the site's prefix and twelve characters, and takes exactly the randomness that it needs", () => {
    expect(couponCodeOf("LLS", couponSuffix(bytesOf(12)))).toBe("LLS-000000000000");
    expect(couponEntropyBytes).toBe(12);
    for (const length of [0, 11, 13]) expect(() => couponSuffix(bytesOf(length))).toThrow(RangeError);
  });

  test("differs from another of the same prefix wherever their random bits differ", () => {
    const entropy = fc.uint8Array({ minLength: couponEntropyBytes, maxLength: couponEntropyBytes });
    const canonical = (bytes: Uint8Array) => canonicalCouponCode(couponCodeOf("RP", couponSuffix(bytes)));
    const codeBits = (bytes: Uint8Array) => bytes.map((byte) => byte % 32).join();
    fc.assert(
      fc.property(entropy, fc.nat(couponEntropyBytes - 1), fc.nat(255), (bytes, index, change) => {
        const other = bytes.with(index, change);
        expect(canonical(bytes) === canonical(other)).toBe(codeBits(bytes) === codeBits(other));
      }),
    );
  });
});

describe("a coupon's status", () => {
  const now = at("2026-05-11T12:00:00Z");
  const statusWith = (restrictions: Coupon["definition"]["restrictions"], redemptionCount = 0, maxRedemptions = 1) =>
    couponStatus({ definition: { ...coupon, restrictions, maxRedemptions }, redemptionCount }, now);

  test("follows its period and its uses", () => {
    expect(statusWith(undefined)).toBe("VALID");
    expect(statusWith({ validFrom: at("2026-05-11T12:00:00.001Z") })).toBe("INACTIVE");
    expect(statusWith({ validFrom: now })).toBe("VALID");
    expect(statusWith({ validUntil: now })).toBe("EXPIRED");
    expect(statusWith({ validUntil: at("2026-05-11T12:00:00.001Z") })).toBe("VALID");
    expect(statusWith({ validUntil: now }, 1)).toBe("USED");
    expect(statusWith(undefined, 1_000, -1)).toBe("VALID");
  });

  test("is used up from the start when it may never be used", () => {
    expect(statusWith(undefined, 0, 0)).toBe("USED");
  });
});

describe("identifiers", () => {
  test("of tenants are short lower-case names, and none that paths use", () => {
    for (const good of ["abc", "demo", "a-1", "abcdefghijklmnop"]) expect(parseTenantId(good)).toBe(good);
    for (const bad of ["ab", "Demo", "1abc", "-abc", "abcdefghijklmnopq", "a b", "", "public", "customer", "demo\n"]) {
      expect(parseTenantId(bad)).toBeNull();
    }
  });

  test("of customers are any printable text of 1 to 128 characters", () => {
    for (const good of ["1", "Ünï/çødé %2F", "👩‍🚀".repeat(20), "x".repeat(128), "' OR 1=1 --", "__proto__"]) {
      expect(parseCustomerId(good)).toBe(good);
    }
    for (const bad of ["", "x".repeat(129), "a\u0000b", "line\nbreak", "\u2028", "\ud800", "\u007f"]) {
      expect(parseCustomerId(bad)).toBeNull();
    }
  });

  test("of customers are none that a path cannot hold", () => {
    for (const dots of [".", ".."]) expect(parseCustomerId(dots)).toBeNull();
    for (const good of ["...", ".a", "a.", "..a"]) expect(parseCustomerId(good)).toBe(good);
  });

  test("of sites hold no white space and no hash", () => {
    expect(parseSiteCode("DE")).toBe("DE");
    for (const bad of ["", "a b", "a#b", "a\u00a0b", "x".repeat(65)]) expect(parseSiteCode(bad)).toBeNull();
  });
});

describe("identifiers of entries", () => {
  test("are any printable text of 1 to 128 characters", () => {
    for (const good of ["1", "ORDER-1", "order", "my-order:1", "é".repeat(128), "Refund:1", " order:1"]) {
      expect(parseEntryId(good)).toBe(good);
    }
    for (const bad of ["", "x".repeat(129), "a\u0000b", "\ud800"]) expect(parseEntryId(bad)).toBeNull();
  });

  test("that the service makes itself cannot be taken by clients", () => {
    for (const own of ["order:1", "refund:", "settled:x", "lapsed:order:1"]) expect(parseEntryId(own)).toBeNull();
  });
});

test("a customer who acts is told from a client of the same name", () => {
  expect(actorOfCustomer("C1" as CustomerId)).toBe("customer:C1");
});

test("the site that nobody names is called main", () => {
  expect(defaultSiteCode).toBe("main");
});

test("texts are ordered as their code units are, and only equal texts are equal", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "B", "é", "\u{10000}", "\uffff"), maxLength: 3 });
  fc.assert(
    fc.property(fc.array(letters), letters, letters, (texts, left, right) => {
      expect(texts.toSorted(compareText)).toEqual(texts.toSorted());
      expect(compareText(left, right) === 0).toBe(left === right);
      expect(compareText(left, left)).toBe(0);
    }),
  );
});

describe("redeem options", () => {
  const option = (points: number, name: string, id: string) => ({ points, name, id }) as RedeemOption;

  test("are listed by their price, then by their name, then by their id, however they come in", () => {
    const inOrder = [
      option(1, "B", "2"),
      option(9, "A", "1"),
      option(9, "A", "3"),
      option(9, "B", "0"),
      option(10, "A", "0"),
      option(10, "a", "0"),
    ];
    const shuffled = fc.shuffledSubarray(inOrder, { minLength: inOrder.length });
    fc.assert(
      fc.property(shuffled, (options) => {
        expect(options.toSorted(compareRedeemOptions)).toEqual(inOrder);
      }),
    );
  });
});

describe("what a redemption of the journal has come to", () => {
  const id = "E1" as EntryId;
  const couponCode = "RP-1" as CouponCode;

  test.each([
    [
      { id, couponCode: null, couponIssuer: null },
      { kind: "redeemed", entryId: id },
    ],
    [
      { id, couponCode, couponIssuer: "embedded" },
      { kind: "exchanged", couponCode },
    ],
    [
      { id, couponCode, couponIssuer: "elsewhere" },
      { kind: "reserved", exchangeId: id, couponCode },
    ],
  ] as const)("is, for %j: %j", (redemption, outcome) => {
    expect(outcomeOfRedemption(redemption)).toEqual(outcome);
  });
});

test("amounts are whole, positive and exact", () => {
  for (const good of [1, 2, Number.MAX_SAFE_INTEGER]) expect(parseAmount(good)).toBe(good);
  for (const bad of [0, -1, 1.5, Number.NaN, Infinity, 2 ** 53, -0]) expect(parseAmount(bad)).toBeNull();
});
