import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { audit } from "../../../src/audit/rules/audit.ts";
import type { AuditedEntry, Books, Standing, StoredCoupon, StoredLot } from "../../../src/ledger/rules/books.ts";
import { type Entry, makesLot } from "../../../src/ledger/rules/entry.ts";
import type { CouponCode } from "../../../src/ledger/rules/exchange/coupon.ts";
import type { Exchange, ExchangeState } from "../../../src/ledger/rules/exchange/exchange.ts";
import { emptyLedger } from "../../../src/ledger/rules/ledger.ts";
import type { CommandId, EntryId } from "../../../src/platform/values/identifiers.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";
import { noon, Story } from "../../ledger/rules/story.ts";
import { anyHistory, earn, exchange, grant, points, redeem, settle } from "../../support/ledger/ledgers.ts";
import { heldBy, usedPoints } from "../../support/orders/order-history.ts";

const later = (ms: number) => (noon + ms) as EpochMs;

const auditedOf = (entry: Entry): AuditedEntry => ({
  sequence: entry.sequence,
  entry,
  isSealed: true,
  isLinked: true,
});

/** What is stored of a story when nothing goes wrong. */
function booksOf({ journal, ledger }: Story): Books {
  const opening = journal[0];
  const paidBack = new Set(journal.map((entry) => (entry.kind === "restored" ? entry.relatedId : null)));
  const sales = journal.flatMap((entry) =>
    entry.kind === "redeemed" && entry.couponCode !== null ? [{ ...entry, couponCode: entry.couponCode }] : [],
  );
  const sold = (issuer: "embedded" | "upstream") => sales.filter(({ couponIssuer }) => couponIssuer === issuer);
  return {
    standing:
      opening === undefined
        ? null
        : {
            sequence: ledger.sequence,
            points: ledger.points,
            debt: ledger.debt,
            openedAt: opening.recordedAt,
            openedBy: opening.commandId,
            hasHead: true,
          },
    entries: journal.map(auditedOf),
    lots: journal.filter(makesLot).map(({ id, points: all, createdAt, validUntil }) => ({
      id,
      points: all,
      usedPoints: points(usedPoints(journal, id)),
      expiredPoints: journal.reduce(
        (sum, entry) => sum + (entry.kind === "expired" && entry.relatedId === id ? entry.points : 0),
        0,
      ),
      createdAt,
      validUntil,
    })),
    strayUsages: [],
    coupons: sold("embedded").map(({ id, couponCode }) => ({
      code: couponCode,
      exchangeId: id,
      redemptionCount: 0,
      uses: 0,
      isGivenBack: paidBack.has(id),
    })),
    exchanges: sold("upstream").map(({ id, couponCode, recordedAt }) => ({
      id,
      code: couponCode,
      reservedAt: recordedAt,
      state: paidBack.has(id) ? "REFUSED" : "PENDING",
    })),
  };
}

/** A customer to whom everything has happened; `X1` has bought a coupon, `X2` one from elsewhere, `X3` gave one back. */
function fullStory(): Story {
  const story = new Story().tell(
    grant(100, { id: "A" as EntryId }),
    grant(50, { id: "B" as EntryId, validUntil: later(10) }),
  );
  const [embedded, ordered] = [exchange(20), exchange(20)];
  if (ordered.kind !== "exchange" || !ordered.terms.ok) throw new Error("An exchange has terms.");
  const elsewhere = {
    ...ordered,
    terms: { ok: true, value: { ...ordered.terms.value, issuer: "upstream" } },
  } as const;
  story.carryOut(embedded, { couponSuffix: "1" }, { id: "X1" as CommandId });
  const reserved = story.carryOut(elsewhere, { couponSuffix: "2" }, { id: "X2" as CommandId });
  story.carryOut(elsewhere, { couponSuffix: "3" }, { id: "X3" as CommandId });
  const coupon = reserved.couponEffect?.kind === "reserve" ? reserved.couponEffect.coupon : null;
  if (coupon === null) throw new Error("A coupon was reserved.");
  const draws = heldBy(story.journal, "X3" as EntryId);
  const pending: Exchange = { id: "X3" as EntryId, state: "PENDING", coupon, reason: null, draws };
  story.carryOut(
    { kind: "advance-exchange", step: { id: "X3" as EntryId, from: "PENDING", to: "REFUSED", reason: null } },
    { exchange: pending },
  );
  story.tell(earn("O", 40), redeem(150), settle("O", 40, 10, { policy: "negative", returnId: "R1" }));
  story.now = later(10);
  return story.tell(grant(60, { id: "C" as EntryId, validUntil: later(20) }));
}

const findingsOf = (books: Books) => audit(books).findings;
const shortly = (books: Books) =>
  findingsOf(books).map(({ kind, sequence, message }) => `${kind} ${sequence ?? "-"} ${message}`);

describe("an audit", () => {
  test("finds nothing where nothing went wrong, and comes to the ledger", () => {
    fc.assert(
      fc.property(anyHistory, (steps) => {
        const story = new Story().play(steps);
        expect(audit(booksOf(story))).toEqual({ ledger: story.ledger, findings: [] });
      }),
    );
    const story = fullStory();
    expect(audit(booksOf(story))).toEqual({ ledger: story.ledger, findings: [] });
  });

  test("of no ledger finds nothing", () => {
    expect(audit(booksOf(new Story()))).toEqual({ ledger: emptyLedger, findings: [] });
  });
});

describe("an audit finds", () => {
  type Alteration = (books: Books) => Partial<Books>;
  const shortlyOf = (alteration: Alteration, books = booksOf(fullStory())) =>
    shortly({ ...books, ...alteration(books) });
  const entryWith =
    (sequence: number, more: object, seals: Partial<AuditedEntry> = {}): Alteration =>
    ({ entries }) => ({
      entries: entries.map((audited) =>
        audited.sequence === sequence ? { ...auditedOf({ ...audited.entry, ...more } as Entry), ...seals } : audited,
      ),
    });
  const standing =
    (more: Partial<Standing>): Alteration =>
    (books) => ({ standing: books.standing === null ? null : { ...books.standing, ...more } });
  const lotWith =
    (id: string, more: Partial<StoredLot>): Alteration =>
    ({ lots }) => ({ lots: lots.map((lot) => (lot.id === id ? { ...lot, ...more } : lot)) });
  const couponWith =
    (more: Partial<StoredCoupon>): Alteration =>
    ({ coupons }) => ({ coupons: coupons.map((coupon) => ({ ...coupon, ...more })) });
  const exchangeWith =
    (id: string, state: ExchangeState): Alteration =>
    ({ exchanges }) => ({ exchanges: exchanges.map((some) => (some.id === id ? { ...some, state } : some)) });
  const strangeExchange =
    (state: ExchangeState, reservedAt = noon): Alteration =>
    ({ exchanges }) => ({
      exchanges: [...exchanges, { id: "X9" as EntryId, code: "T-9" as CouponCode, state, reservedAt }],
    });
  const again = <Row extends object>([row]: readonly Row[], more: Partial<Row> = {}): Row[] =>
    row === undefined ? [] : [{ ...row, ...more }];

  test.each<[string, Alteration, string]>([
    [
      "content that its seal is not over",
      entryWith(2, {}, { isSealed: false }),
      "broken-seal 2 Entry 2 has changed since it was written.",
    ],
    [
      "an entry that is not linked",
      entryWith(3, {}, { isLinked: false }),
      "broken-link 3 Entry 3 does not follow the entry before.",
    ],
    [
      "an entry at another place",
      entryWith(2, { sequence: 9 }),
      "impossible-entry 9 Entry 9 is not possible: Entry 9 does not follow entry 1.",
    ],
    [
      "a balance that is told wrongly",
      entryWith(2, { balanceAfter: 99 }),
      "impossible-entry 2 Entry 2 is not possible: The balance after the last entry is not the ledger's.",
    ],
    [
      "points that come back a second time",
      ({ entries, standing: stands }) => ({
        entries: entries.flatMap((audited) => {
          const { entry } = audited;
          if (entry?.kind !== "restored") return [audited];
          // Another coupon holds points of the lot, too.
          const draws = entry.draws.filter(({ lotId }) => lotId === "B");
          const more = { ...entry, sequence: 8, points: points(10), draws, balanceAfter: points(120) };
          return [audited, auditedOf(more as Entry)];
        }),
        standing: stands,
      }),
      "impossible-entry 8 Entry 8 is not possible: it puts back points that were not taken.",
    ],
    [
      "an entry of no kind that there is",
      entryWith(3, {}, { entry: null }),
      "impossible-entry 3 Entry 3 is not possible: its kind is unknown.",
    ],
    ["a ledger without its row", () => ({ standing: null }), "wrong-standing - The ledger has entries but no row."],
    [
      "the last entries missing",
      standing({ sequence: 13 }),
      "wrong-standing - The ledger's row (entry 13) does not match the journal's end (entry 12).",
    ],
    [
      "a last entry that is not the one that the row seals",
      standing({ hasHead: false }),
      "wrong-standing - The ledger's row (entry 12) does not match the journal's end (entry 12).",
    ],
    [
      "other points in the row",
      standing({ points: 31 }),
      "wrong-standing - The ledger's row has 31 points, but the journal adds up to 30.",
    ],
    [
      "another debt in the row",
      standing({ debt: { owed: 1, absorbed: 0 } }),
      "wrong-standing - The debt in the ledger's row is not the journal's.",
    ],
    [
      "a debt that waits in the row",
      standing({ debt: { owed: 0, absorbed: 1 } }),
      "wrong-standing - The debt in the ledger's row is not the journal's.",
    ],
    [
      "another time of opening",
      standing({ openedAt: later(1) }),
      "wrong-standing - The ledger was not opened as its row says.",
    ],
    [
      "another opener",
      standing({ openedBy: "X9" as CommandId }),
      "wrong-standing - The ledger was not opened as its row says.",
    ],
    ["a lot missing", ({ lots }) => ({ lots: lots.slice(1) }), "wrong-lot - Lot A is missing."],
    [
      "a lot too many",
      ({ lots }) => ({ lots: [...lots, ...again(lots, { id: "Z" as EntryId })] }),
      "wrong-lot - Lot Z has no entry.",
    ],
    ["a lot of other points", lotWith("A", { points: points(101) }), "wrong-lot - Lot A does not match the journal."],
    ["a lot used more", lotWith("C", { usedPoints: points(59) }), "wrong-lot - Lot C does not match the journal."],
    ["a lot expired", lotWith("C", { expiredPoints: 1 }), "wrong-lot - Lot C does not match the journal."],
    ["a younger lot", lotWith("A", { createdAt: later(1) }), "wrong-lot - Lot A does not match the journal."],
    ["a lot that ends later", lotWith("B", { validUntil: null }), "wrong-lot - Lot B does not match the journal."],
    [
      "a usage of nothing",
      () => ({ strayUsages: [{ lotId: "A" as EntryId, sequence: 77 }] }),
      "wrong-lot - Lot A has a usage for entry 77, which does not exist.",
    ],
    ["a coupon missing", () => ({ coupons: [] }), "wrong-coupon 4 Entry 4 paid for a coupon that does not exist."],
    [
      "an exchange missing",
      ({ exchanges }) => ({ exchanges: exchanges.slice(1) }),
      "wrong-coupon 5 Entry 5 paid for a coupon that does not exist.",
    ],
    [
      "a coupon of another code",
      couponWith({ code: "T-9" as CouponCode }),
      "wrong-coupon 4 Entry 4 paid for a coupon that does not exist.",
    ],
    [
      "a coupon that was given back without its points",
      couponWith({ isGivenBack: true }),
      "wrong-coupon 4 The coupon of entry 4 came back without its points, or its points without it.",
    ],
    [
      "an exchange that was charged back without its points",
      exchangeWith("X2", "REFUSED"),
      "wrong-coupon 5 The coupon of entry 5 came back without its points, or its points without it.",
    ],
    [
      "an exchange whose coupon was given back without its points",
      exchangeWith("X2", "GIVEN_BACK"),
      "wrong-coupon 5 The coupon of entry 5 came back without its points, or its points without it.",
    ],
    [
      "points that came back with their coupon issued",
      exchangeWith("X3", "ISSUED"),
      "wrong-coupon 6 The coupon of entry 6 came back without its points, or its points without it.",
    ],
    [
      "a coupon that nobody paid for",
      ({ coupons }) => ({ coupons: [...coupons, ...again(coupons, { exchangeId: "X9" as EntryId })] }),
      "wrong-coupon - No entry paid for the coupon of exchange X9.",
    ],
    [
      "a coupon that was used more often than is stored",
      couponWith({ redemptionCount: 1 }),
      "wrong-coupon - The coupon of exchange X1 has a wrong use count.",
    ],
    [
      "a coupon that was issued twice",
      ({ coupons }) => ({ coupons: [...coupons, ...again(coupons)] }),
      "wrong-coupon - A redemption led to more than one coupon.",
    ],
    ["an exchange that nobody paid for", strangeExchange("ISSUED"), "wrong-coupon - No entry paid for exchange X9."],
    [
      "an exchange under way that this ledger has not paid for, though it is younger",
      strangeExchange("PENDING", later(1)),
      "wrong-coupon - No entry paid for exchange X9.",
    ],
    [
      "a coupon for what was bought elsewhere",
      ({ coupons }) => ({ coupons: [...coupons, ...again(coupons, { exchangeId: "X2" as EntryId })] }),
      "wrong-coupon - No entry paid for the coupon of exchange X2.",
    ],
    [
      "an exchange for a coupon that was issued here",
      ({ exchanges }) => ({ exchanges: [...exchanges, ...again(exchanges, { id: "X1" as EntryId, state: "ISSUED" })] }),
      "wrong-coupon - No entry paid for exchange X1.",
    ],
  ])("%s", (_, alteration, finding) => {
    expect(shortlyOf(alteration)).toEqual([finding]);
  });

  test.each(["PENDING", "VOIDING"] as const)("nothing in a %s exchange of a ledger that was erased", (state) => {
    expect(shortlyOf(strangeExchange(state))).toEqual([]);
    expect(shortlyOf(strangeExchange(state), booksOf(new Story()))).toEqual([]);
  });

  test("what is wrong with coupons also where the journal cannot be followed", () => {
    const books = { ...booksOf(fullStory()), coupons: [] };
    expect(shortlyOf(entryWith(3, {}, { entry: null }), books)).toEqual([
      "impossible-entry 3 Entry 3 is not possible: its kind is unknown.",
      "wrong-coupon 4 Entry 4 paid for a coupon that does not exist.",
    ]);
  });

  test("a row without entries", () => {
    const { standing: row } = booksOf(fullStory());
    expect(shortlyOf(() => ({ standing: row }), booksOf(new Story()))).toEqual([
      "wrong-standing - The ledger has a row but no entries.",
    ]);
  });

  test("a journal that does not begin with its opening", () => {
    const [, ...others] = fullStory().journal;
    const entries = others.map((entry) => auditedOf({ ...entry, sequence: entry.sequence - 1 }));
    const findings = shortlyOf((books) => ({ ...standing({ sequence: 11 })(books), entries }));
    expect(findings).toContain("wrong-standing - The ledger was not opened as its row says.");
  });

  test("each broken seal, and every link, but follows the journal no further than it can", () => {
    const books = booksOf(fullStory());
    const entries = books.entries.map((audited) => ({ ...audited, isSealed: false, isLinked: false }));
    expect(findingsOf({ ...books, entries })).toHaveLength(2 * entries.length);
    const cut = { ...books, entries: books.entries.filter(({ sequence }) => sequence !== 3) };
    expect(audit(cut)).toMatchObject({
      ledger: { sequence: 2 },
      findings: [{ kind: "impossible-entry", sequence: 4 }],
    });
  });
});

describe("an entry that expires points is possible", () => {
  const expiring = () => {
    const story = new Story().tell(grant(30, { id: "A" as EntryId, validUntil: later(10) }), redeem(10));
    story.now = later(10);
    const expired = [{ id: "A" as EntryId, remainingPoints: points(20), validUntil: later(10) }];
    story.carryOut({ kind: "expire" }, { expired });
    return story;
  };

  test("when its points are what was left, at the moment of the lot's end", () => {
    expect(findingsOf(booksOf(expiring()))).toEqual([]);
  });

  test.each([{ points: 19 }, { createdAt: later(9) }, { relatedId: "Z" }])("and is not when it says %j", (more) => {
    const story = expiring();
    const entries = story.journal.map((entry) =>
      auditedOf((entry.kind === "expired" ? { ...entry, ...more } : entry) as Entry),
    );
    expect(findingsOf({ ...booksOf(story), entries })).toEqual([
      {
        kind: "impossible-entry",
        sequence: 4,
        message: "Entry 4 is not possible: it expires points that have not expired.",
      },
    ]);
  });

  test("once", () => {
    const story = expiring();
    const twice = new Story().tell(grant(30, { id: "B" as EntryId, validUntil: later(10) }));
    const other = twice.journal[1];
    const entry = story.journal.at(-1);
    if (entry === undefined || other === undefined) throw new Error("A story has entries.");
    const again = { ...entry, sequence: 6 };
    const more = { ...other, sequence: 5, recordedAt: later(10), balanceAfter: points(0) };
    const entries = [...story.journal, more, again].map(auditedOf);
    expect(findingsOf({ ...booksOf(story), entries })).toMatchObject([{ kind: "impossible-entry", sequence: 6 }]);
  });
});
