import fc from "fast-check";
import { pointsMax } from "../../../src/ledger/rules/points.ts";
import type { CustomerId, TenantId } from "../../../src/platform/values/identifiers.ts";

/** What is stored of one ledger, as far as summaries show it. */
export interface StoredLedger {
  readonly owed: number;
  readonly entries: readonly StoredEntry[];
}

interface StoredEntry {
  readonly kind: string;
  readonly id: string;
  readonly points: number;
  readonly balanceAfter: number;
  readonly createdAt: number;
  readonly validUntil: number | null;
  readonly referenceId: string | null;
  readonly description: string | null;
  /** Parts of the points, each taken by another redemption, and how much of it came back; for a lot that there is. */
  readonly uses: readonly { readonly points: number; readonly back: number }[] | null;
}

const yearZero = Date.parse("0000-01-01T00:00:00.000Z");
const endOf9999 = Date.parse("9999-12-31T23:59:59.999Z");
const present = Date.parse("2026-05-11T12:00:00.000Z");

/** Few moments of one another's neighbourhood, so that they meet, and any other. */
const anyMoment = fc.oneof(
  fc.integer({ min: present - 2, max: present + 2 }),
  fc.integer({ min: yearZero, max: endOf9999 }),
  fc.constantFrom(yearZero, -1, 0, 1, endOf9999),
);

/** Well-formed text without NUL, of all that JSON treats in a way of its own. */
const anyText = fc
  .oneof(
    fc.string({ unit: "binary", maxLength: 12 }),
    fc.string({ unit: "grapheme", maxLength: 12 }),
    fc.constantFrom("\"\\/'", "\b\f\n\r\t\u0001\u001f\u007f\u0085", "\u2028\u2029\ufeff\uffff😀", "null", "", "''||'"),
  )
  .filter((text) => text.isWellFormed() && !text.includes("\u0000"));

const anyPoints = fc.oneof(
  { weight: 9, arbitrary: fc.nat({ max: 1_000 }) },
  { weight: 1, arbitrary: fc.constant(Math.floor(pointsMax / 200)) },
);

const anyUse = fc
  .record({ points: fc.integer({ min: 1, max: 50 }), part: fc.constantFrom(0, 0, 0.5, 1) })
  .map(({ points, part }) => ({ points, back: Math.floor(points * part) }));

const anyEntry: fc.Arbitrary<StoredEntry> = fc.record({
  kind: fc.constantFrom(
    ...["granted", "granted", "restored", "refunded", "redeemed", "reversed", "reversal-undone", "settled", "expired"],
  ),
  id: anyText,
  points: anyPoints,
  balanceAfter: fc.oneof(fc.nat(), fc.constant(pointsMax), fc.integer({ min: -1_000, max: 0 })),
  createdAt: anyMoment,
  validUntil: fc.option(anyMoment),
  referenceId: fc.option(anyText),
  description: fc.option(anyText),
  uses: fc.option(fc.array(anyUse, { maxLength: 4 }), { freq: 4 }),
});

/** Ledgers that nobody could tell from true ones by their form; some have more entries than one text may hold. */
export const anyStoredLedger: fc.Arbitrary<StoredLedger> = fc.record({
  owed: fc.oneof(fc.constant(0), fc.nat({ max: 5_000 })),
  entries: fc.oneof(
    { weight: 9, arbitrary: fc.array(anyEntry, { maxLength: 12 }) },
    { weight: 1, arbitrary: fc.array(anyEntry, { minLength: 97, maxLength: 103 }) },
  ),
});

/** Stores the ledger, each entry and use with an id of its own. */
export async function storeLedger(
  database: D1Database,
  tenant: TenantId,
  customerId: CustomerId,
  { owed, entries }: StoredLedger,
): Promise<void> {
  const rows = entries.map((entry, index) => ({ ...entry, id: `${entry.id}#${index}`, sequence: index + 2 }));
  const lots = rows.flatMap((row) => {
    if (row.uses === null || (row.kind !== "granted" && row.kind !== "refunded")) return [];
    const uses = row.uses.filter((_, index, all) => sumOf(all.slice(0, index + 1), "points") <= row.points);
    return [{ ...row, uses, used: sumOf(uses, "points") - sumOf(uses, "back") }];
  });
  // Stored newest first: their order is their sequence's.
  const usages = lots.flatMap(({ id, uses, referenceId }) =>
    uses.flatMap(({ points, back }, index) => {
      const usage = { lotId: id, id: `${referenceId}"${index}`, sequence: 1_000 - index, points };
      return [...(back === 0 ? [] : [{ ...usage, sequence: 1_001 + index, points: -back }]), usage];
    }),
  );
  const insert = (table: string, columns: string, values: string, json: readonly object[]) =>
    database
      .prepare(`insert into ${table} (tenant, customer_id, ${columns}) select ?1, ?2, ${values} from json_each(?3)`)
      .bind(tenant, customerId, JSON.stringify(json));
  const origin = "'stored', 'client:test', 0";
  await database.batch([
    insert("ledgers", "opened_at, opened_by, sequence, owed", "0, 'stored', value ->> 'sequence', value ->> 'owed'", [
      { sequence: rows.length + 1, owed },
    ]),
    insert(
      "ledger_entries",
      `sequence, kind, entry_id, command_id, actor, recorded_at, points, balance_after, created_at, valid_until,
        reference_id, description`,
      `value ->> 'sequence', value ->> 'kind', value ->> 'id', ${origin}, value ->> 'points', value ->> 'balanceAfter',
        value ->> 'createdAt', value ->> 'validUntil', value ->> 'referenceId', value ->> 'description'`,
      [
        { kind: "opened", sequence: 1, points: 0, balanceAfter: 0, createdAt: 0 },
        ...rows.map(({ uses: _, ...row }) => row),
      ],
    ),
    insert(
      "lots",
      "lot_id, points, used_points, created_at, valid_until",
      "value ->> 'id', value ->> 'points', value ->> 'used', value ->> 'createdAt', value ->> 'validUntil'",
      lots,
    ),
    insert(
      "lot_usages",
      "lot_id, taken_by, sequence, points",
      "value ->> 'lotId', value ->> 'id', value ->> 'sequence', value ->> 'points'",
      usages,
    ),
  ]);
}

const sumOf = <Name extends string>(items: readonly Readonly<Record<Name, number>>[], name: Name): number =>
  items.reduce((sum, item) => sum + item[name], 0);
