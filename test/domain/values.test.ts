import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Coupon,
  canonicalCouponCode,
  couponEntropyBytes,
  couponStatus,
  couponSuffix,
} from "../../src/domain/coupon.ts";
import { parseCustomerId, parseSiteCode, parseTenantId } from "../../src/domain/identifiers.ts";
import { parseAmount } from "../../src/domain/points.ts";
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

  test("of sites hold no white space and no hash", () => {
    expect(parseSiteCode("DE")).toBe("DE");
    for (const bad of ["", "a b", "a#b", "a\u00a0b", "x".repeat(65)]) expect(parseSiteCode(bad)).toBeNull();
  });
});

test("amounts are whole, positive and exact", () => {
  for (const good of [1, 2, Number.MAX_SAFE_INTEGER]) expect(parseAmount(good)).toBe(good);
  for (const bad of [0, -1, 1.5, Number.NaN, Infinity, 2 ** 53, -0]) expect(parseAmount(bad)).toBeNull();
});
