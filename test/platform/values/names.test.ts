import { describe, expect, test } from "vitest";
import {
  parseCustomerId,
  parseEntryId,
  parseSiteCode,
  parseTenantId,
} from "../../../src/platform/values/identifiers.ts";
import { compareText } from "../../../src/platform/values/text-order.ts";
import { addCalendarMonths, type EpochMs, momentMax, momentMin } from "../../../src/platform/values/time.ts";

describe("a name", () => {
  /** Control characters, separators of lines and paragraphs, and halves of characters. */
  const unprintable = ["\u0000", "\t", "\n", "\u001f", "\u007f", "\u0085", "\u2028", "\u2029", "\ud800", "\udfff"];

  test.each(unprintable.map((character) => [character]))("has no %j in it, wherever", (character) => {
    for (const text of [character, `${character}ab`, `a${character}b`, `ab${character}`]) {
      expect(parseCustomerId(text)).toBeNull();
      expect(parseEntryId(text)).toBeNull();
      expect(parseSiteCode(text)).toBeNull();
      expect(parseTenantId(text)).toBeNull();
    }
  });

  test.each([
    ["a customer's", parseCustomerId, 128],
    ["an entry's", parseEntryId, 128],
    ["a site's", parseSiteCode, 64],
  ] as const)("that is %s has as many characters as it may, however many bytes they take", (_, parse, max) => {
    for (const character of ["x", "é", "\u{1f600}"]) {
      expect(parse(character)).toBe(character);
      expect(parse(character.repeat(max))).toBe(character.repeat(max));
      expect(parse(character.repeat(max + 1))).toBeNull();
    }
    expect(parse("")).toBeNull();
  });
});

describe("the name of a site", () => {
  test.each(["a b", " a", "a ", "\u00a0a", "a\u3000", "#a", "a#", "a#b", ".", ".."])("is not %j", (text) => {
    expect(parseSiteCode(text)).toBeNull();
  });

  test.each(["main", "DE", "de_1", "a.b", "...", ".a", "a..", "%2F", "Zürich", "-"])("can be %j", (text) => {
    expect(parseSiteCode(text)).toBe(text);
  });
});

describe("the name of a tenant", () => {
  test.each(["abc", "zzz", "a00", "a-9", "customer1", "xpublic", "a---------------"])("can be %j", (text) => {
    expect(parseTenantId(text)).toBe(text);
  });

  test.each([
    "ab",
    "a----------------",
    "9ab",
    "-ab",
    "Abc",
    "abC",
    "ab_",
    "abc ",
    " abc",
    "äbc",
    "customer",
    "public",
  ])("is not %j", (text) => {
    expect(parseTenantId(text)).toBeNull();
  });
});

describe("the id of an entry", () => {
  test.each(["order", "restored", "refund", "settled", "expired"])(
    "that begins with %s: is the service's own",
    (kind) => {
      expect(parseEntryId(`${kind}:`)).toBeNull();
      expect(parseEntryId(`${kind}:x`)).toBeNull();
      for (const text of [kind, `${kind}x:1`, `x${kind}:1`, `${kind} :1`, `${kind.toUpperCase()}:1`]) {
        expect(parseEntryId(text)).toBe(text);
      }
    },
  );
});

test.each([
  ["a", "b", -1],
  ["b", "a", 1],
  ["a", "a", 0],
  ["", "a", -1],
  ["Z", "a", -1],
  ["a10", "a9", -1],
  // By code units: an astral character begins with a surrogate, and comes before U+FFFF.
  ["\u{10000}", "\uffff", -1],
])("of %j and %j the order is %d", (left, right, order) => {
  expect(compareText(left, right)).toBe(order);
});

describe("a moment", () => {
  test("that can be shown has a year of four digits", () => {
    expect(new Date(momentMin).toISOString()).toBe("0000-01-01T00:00:00.000Z");
    expect(new Date(momentMax).toISOString()).toBe("9999-12-31T23:59:59.999Z");
    expect(new Date(momentMin - 1).toISOString()).toMatch(/^-/);
    expect(new Date(momentMax + 1).toISOString()).toMatch(/^\+/);
  });

  test.each([
    ["2026-05-11T23:59:59.999Z", 0, "2026-05-11T23:59:59.999Z"],
    ["2026-05-31T12:00:00.000Z", 1, "2026-06-30T12:00:00.000Z"],
    ["2026-01-29T12:00:00.000Z", 1, "2026-02-28T12:00:00.000Z"],
    ["2026-01-28T12:00:00.000Z", 1, "2026-02-28T12:00:00.000Z"],
    ["2026-02-28T12:00:00.000Z", 1, "2026-03-28T12:00:00.000Z"],
    ["2026-11-30T12:00:00.000Z", 3, "2027-02-28T12:00:00.000Z"],
    ["2026-12-31T12:00:00.000Z", 12, "2027-12-31T12:00:00.000Z"],
    ["2096-02-29T12:00:00.000Z", 48, "2100-02-28T12:00:00.000Z"],
  ])("%s is %d months before %s", (from, months, to) => {
    expect(new Date(addCalendarMonths(Date.parse(from) as EpochMs, months)).toISOString()).toBe(to);
  });
});
