import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { outcomeOfRedemption } from "../../../src/ledger/rules/command.ts";
import {
  type Coupon,
  type CouponCode,
  canonicalCouponCode,
  couponCodeOf,
  couponEntropyBytes,
  couponStatus,
  couponSuffix,
  issuedDefinition,
  whyWorthless,
} from "../../../src/ledger/rules/exchange/coupon.ts";
import { parseAmount } from "../../../src/ledger/rules/points.ts";
import { compareRedeemOptions, type RedeemOption } from "../../../src/options/rules/redeem-option.ts";
import { isCurrency } from "../../../src/platform/values/currency.ts";
import {
  actorOfCustomer,
  type CustomerId,
  defaultSiteCode,
  type EntryId,
  parseCustomerId,
  parseEntryId,
  parseSiteCode,
  parseTenantId,
} from "../../../src/platform/values/identifiers.ts";
import { compareText } from "../../../src/platform/values/text-order.ts";
import { addCalendarMonths } from "../../../src/platform/values/time.ts";
import { codePrefixPattern } from "../../../src/sites/rules/site-settings.ts";
import { at, coupon } from "../../support/ledger/ledgers.ts";

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

  test.each([
    ["blanks around it and groups of four", " LLS 0G1R 3MWX 9C2K "],
    ["tabs and line breaks", "LLS-0G1R\t3MWX\r\n9C2K\n"],
    ["no-break and other wide and narrow spaces", "LLS\u00a00G1R\u202f3MWX\u20039C2K\u3000"],
    ["characters that cannot be seen", "\ufeffLLS-0G1R\u200b3MWX\u200d9C2K\u00ad\u2060\ufe0f"],
    ["marks of direction", "\u202aLLS-0G1R3MWX9C2K\u202c\u200e"],
    ["hyphens that do not break", "LLS\u20110G1R3MWX9C2K"],
    ["dashes of all lengths and a minus", "LLS\u20120G1R\u20133MWX\u20149C2K\u2015\u2212"],
    ["full-width letters and digits", "ＬＬＳ－０Ｇ１Ｒ３ＭＷＸ９Ｃ２Ｋ"],
    ["full-width small letters", "ｌｌｓ－０ｇ１ｒ３ｍｗｘ９ｃ２ｋ"],
    ["look-alikes", "iIS-oGlR3MWX9C2K"],
  ])("are found with %s", (_name, pasted) => {
    expect(canonicalCouponCode(pasted)).toBe(canonicalCouponCode("LLS-0G1R3MWX9C2K"));
  });
});

describe("a coupon code in disguise", () => {
  const entropy = fc.uint8Array({ minLength: couponEntropyBytes, maxLength: couponEntropyBytes });
  const prefix = fc.stringMatching(codePrefixPattern);
  const issued = fc.tuple(prefix, entropy).map(([begin, bytes]) => couponCodeOf(begin, couponSuffix(bytes)));
  const blanks = [
    ..." \t\n\r\u000b\u000c\u0085\u00a0\u1680\u2000\u2003\u2007\u2009\u200a\u2028\u2029\u202f\u205f\u3000\u2800",
  ];
  const unseen = [
    ..."\u00ad\u034f\u061c\u115f\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2060\u2066\u2069\u3164\ufe0f\ufeff\uffa0",
  ];
  /** Every character that Unicode calls a dash, and two more that look like one. */
  const dashes = Array.from({ length: 0x11_000 }, (_, point) => String.fromCodePoint(point)).filter((character) =>
    /\p{Dash}|\p{Pd}|[\u02d7\u2043]/u.test(character),
  );
  /** What `unit: "binary"` means, which takes a second to be made. */
  const anyCharacter = fc
    .oneof(fc.integer({ min: 0, max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0x10_ffff }))
    .map((point) => String.fromCodePoint(point));
  const between = fc.string({ unit: fc.constantFrom("", ...blanks, ...unseen, ...dashes), maxLength: 2 });
  const disguises = (character: string): readonly string[] => {
    const alike = ["0oO", "1iIlL"].find((some) => some.includes(character)) ?? character;
    const cased = [...alike].flatMap((one) => [one, one.toLowerCase(), one.toUpperCase()]);
    const wide = (one: string) => (/[!-~]/.test(one) ? String.fromCodePoint(one.charCodeAt(0) + 0xfee0) : one);
    return [...cased, ...cased.map(wide)];
  };
  const disguised = (code: string) =>
    fc
      .tuple(...[...code].map((one) => fc.tuple(between, fc.constantFrom(...disguises(one)))), between)
      .map((parts) => parts.flat().join(""));

  test("is the same code, whatever it has between its characters and however these are written", () => {
    const both = issued.chain((code) => fc.tuple(fc.constant(code), disguised(code)));
    fc.assert(
      fc.property(both, ([code, pasted]) => {
        expect(canonicalCouponCode(pasted)).toBe(canonicalCouponCode(code));
      }),
    );
  });

  test("keeps its canonical form, which has nothing of the disguise", () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), (text) => {
        const canonical = canonicalCouponCode(text);
        expect(canonical).not.toMatch(/[\s\p{Dash}\p{Cf}\p{Cc}]/u);
      }),
    );
    fc.assert(
      fc.property(issued, (code) => {
        const canonical = canonicalCouponCode(code);
        expect(canonicalCouponCode(canonical)).toBe(canonical);
        expect(canonical).toMatch(/^[0-9A-HJKMNP-Z_]+$/);
      }),
    );
  });
});

describe("a currency", () => {
  test.each(["EUR", "usd", "Chf", "JPY", "XOF"])("is %s", (code) => expect(isCurrency(code)).toBe(true));

  test.each(["", "EU", "EURO", "QQQ", "DEM", "XXX", "XAU", "XTS", "€", "E R", "ＥＵＲ", "ſek"])(
    "is not '%s'",
    (code) => {
      expect(isCurrency(code)).toBe(false);
    },
  );
});

describe("a coupon's end", () => {
  const now = at("2026-05-11T12:00:00Z");
  const day = 86_400_000;
  const endWith = (restrictions: Coupon["definition"]["restrictions"]) =>
    issuedDefinition({ ...coupon, restrictions }, now).restrictions;

  test("comes so many days after the coupon was issued, or when the option says, whichever is sooner", () => {
    expect(endWith({ validForDays: 1 })).toEqual({ validUntil: now + day });
    expect(endWith({ validForDays: 30, validUntil: at("2026-05-12T00:00:00Z") })).toEqual({
      validUntil: at("2026-05-12T00:00:00Z"),
    });
    expect(endWith({ validForDays: 30, validUntil: at("2099-01-01T00:00:00Z"), validFor: ["C1"] })).toEqual({
      validUntil: now + 30 * day,
      validFor: ["C1"],
    });
    expect(endWith({ validUntil: now })).toEqual({ validUntil: now });
    expect(endWith(undefined)).toBeUndefined();
  });
});

describe("a coupon is worth nothing", () => {
  const now = at("2026-05-11T12:00:00Z");
  const later = (ms: number) => (now + ms) as typeof now;
  const why = (restrictions: Coupon["definition"]["restrictions"], customerId: string | null = "C1") =>
    whyWorthless({ ...coupon, restrictions }, customerId as CustomerId | null, now);

  test("once it is over, and when it would be over before it begins", () => {
    expect(why({ validUntil: now })).toBe("over");
    expect(why({ validUntil: later(1) })).toBeNull();
    expect(why({ validFrom: later(5), validUntil: later(5) })).toBe("over");
    expect(why({ validFrom: later(5), validUntil: later(6) })).toBeNull();
    expect(why({ validForDays: 1, validFrom: later(86_400_000) })).toBe("over");
    expect(why({ validForDays: 1, validFrom: later(86_399_999) })).toBeNull();
    expect(why(undefined)).toBeNull();
  });

  test("to whom it leaves out, and to nobody when it names nobody", () => {
    expect(why({ validFor: ["C2", "C1"] })).toBeNull();
    expect(why({ validFor: ["C2"] })).toBe("not-for-customer");
    expect(why({ validFor: ["C1"] }, null)).toBe("not-for-customer");
    expect(why({ validFor: [] }, null)).toBeNull();
    expect(why({ validFor: ["C2"], validUntil: now })).toBe("over");
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
    for (const own of ["order:1", "restored:x", "refund:", "settled:x", "expired:order:1"])
      expect(parseEntryId(own)).toBeNull();
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
      { id, couponCode, couponIssuer: "upstream" },
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
