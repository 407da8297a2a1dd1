import { and, asc, desc, eq, gt, gte, isNull, lte, or, type SQL, sql } from "drizzle-orm";
import { answeredRead } from "../../platform/storage/answered.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { TenantDatabases } from "../../tenants/storage/tenant-databases.ts";
import type { Earlier, EarlierLot } from "../rules/earlier.ts";
import { makesLot } from "../rules/entry.ts";
import type { LedgerKey } from "../rules/ledger-key.ts";
import type { DatedDraw } from "../rules/lot.ts";
import type { Points } from "../rules/points.ts";
import type { LedgerStories, LedgerStory } from "../use-cases/books-ports.ts";
import { ownedBy } from "./conditions.ts";
import { entryOfRow } from "./entry-row.ts";
import { ledgerEntries, ledgers, lots, lotUsages } from "./tables.ts";

/** The most entries and usages of lots in one story. They keep an answer below 3 MB, however long the journal is. */
export interface StoryLimits {
  readonly entriesMax: number;
  readonly usagesMax: number;
}

const limitsOfAnswer: StoryLimits = { entriesMax: 1_000, usagesMax: 5_000 };

type EntryRow = typeof ledgerEntries.$inferSelect;
type UsageRow = typeof lotUsages.$inferSelect;

/** Reads ledgers' stories from D1: the end of the journal, and sums of what came before. Reads the primary. */
export class D1LedgerStories implements LedgerStories {
  readonly #databases: TenantDatabases;
  readonly #limits: StoryLimits;

  constructor(databases: TenantDatabases, limits = limitsOfAnswer) {
    this.#databases = databases;
    this.#limits = limits;
  }

  async read(key: LedgerKey, asOf: EpochMs): Promise<LedgerStory | null> {
    const { entriesMax, usagesMax } = this.#limits;
    const drizzle = this.#databases.drizzleOf(key.tenant);
    const isTold = and(ownedBy(ledgerEntries, key), lte(ledgerEntries.recordedAt, asOf));
    const [ledger, newest, usages] = await answeredRead(() =>
      drizzle.batch([
        drizzle.select({ sequence: ledgers.sequence }).from(ledgers).where(ownedBy(ledgers, key)),
        drizzle
          .select()
          .from(ledgerEntries)
          .where(isTold)
          .orderBy(desc(ledgerEntries.sequence))
          .limit(entriesMax + 1),
        drizzle
          .select()
          .from(lotUsages)
          .where(ownedBy(lotUsages, key))
          .limit(usagesMax + 1),
      ]),
    );
    if (ledger.length === 0 && newest.length === 0) return null;
    const isWhole = newest.length <= entriesMax && usages.length <= usagesMax;
    if (isWhole) return { entries: entriesOf(newest.toReversed(), usages, []), earlier: null };
    const [last, oldest] = [newest.at(0)?.sequence ?? 0, newest.at(entriesMax - 1)?.sequence ?? 1];
    const first = await this.#firstOf(key, newest.length > entriesMax ? oldest : 1, last);
    return this.#from(key, first, last);
  }

  /** The first entry, `oldest` or later, from which on the usages stay within the limit; never later than `last`. */
  async #firstOf(key: LedgerKey, oldest: number, last: number): Promise<number> {
    const { sequence } = lotUsages;
    const counts = await answeredRead(() =>
      this.#databases
        .drizzleOf(key.tenant)
        .select({ sequence, count: sql<number>`count(*)`.as("count") })
        .from(lotUsages)
        .where(and(ownedBy(lotUsages, key), gte(sequence, oldest), lte(sequence, last)))
        .groupBy(sequence)
        .orderBy(desc(sequence))
        .execute(),
    );
    let told = 0;
    for (const { sequence: of, count } of counts) {
      told += count;
      if (told > this.#limits.usagesMax) return Math.min(of + 1, last);
    }
    return oldest;
  }

  /** The story from `first` to `last`, read at one moment. */
  async #from(key: LedgerKey, first: number, last: number): Promise<LedgerStory> {
    const drizzle = this.#databases.drizzleOf(key.tenant);
    const before = first - 1;
    const { sequence, recordedAt, balanceAfter, owedChange } = ledgerEntries;
    const endOfBefore = drizzle
      .select({ until: recordedAt })
      .from(ledgerEntries)
      .where(and(ownedBy(ledgerEntries, key), eq(sequence, before)));
    // What was taken from each lot since, less what came back.
    const since = drizzle
      .select({ lotId: lotUsages.lotId, taken: sql<number>`sum(${lotUsages.points})`.as("taken") })
      .from(lotUsages)
      .where(and(ownedBy(lotUsages, key), gt(lotUsages.sequence, before)))
      .groupBy(lotUsages.lotId)
      .as("since");
    const owedBefore: SQL<number> = sql`${ledgers.owed} - ifnull((
      select sum(${owedChange}) from ${ledgerEntries} where ${and(ownedBy(ledgerEntries, key), gt(sequence, before))}), 0)`;
    const [entryRows, usages, summedUp, owed, lotRows] = await answeredRead(() =>
      drizzle.batch([
        drizzle
          .select()
          .from(ledgerEntries)
          .where(and(ownedBy(ledgerEntries, key), gte(sequence, first), lte(sequence, last)))
          .orderBy(asc(sequence)),
        drizzle
          .select()
          .from(lotUsages)
          .where(and(ownedBy(lotUsages, key), gte(lotUsages.sequence, first), lte(lotUsages.sequence, last))),
        drizzle
          .select({ recordedAt, balanceAfter })
          .from(ledgerEntries)
          .where(and(ownedBy(ledgerEntries, key), eq(sequence, before))),
        drizzle
          .select({ owed: owedBefore.as("owed_before") })
          .from(ledgers)
          .where(ownedBy(ledgers, key)),
        drizzle
          .select({
            lotId: lots.lotId,
            points: lots.points,
            usedPoints: lots.usedPoints,
            createdAt: lots.createdAt,
            validUntil: lots.validUntil,
            kind: ledgerEntries.kind,
            referenceId: ledgerEntries.referenceId,
            taken: since.taken,
          })
          .from(lots)
          .innerJoin(
            ledgerEntries,
            and(
              eq(ledgerEntries.tenant, lots.tenant),
              eq(ledgerEntries.customerId, lots.customerId),
              eq(ledgerEntries.entryId, lots.lotId),
            ),
          )
          .leftJoin(since, eq(since.lotId, lots.lotId))
          .where(
            and(
              ownedBy(lots, key),
              lte(sequence, before),
              or(isNull(lots.validUntil), gt(lots.validUntil, sql`(${endOfBefore})`)),
              // All other lots were used up before, and stay used up.
              or(gt(lots.points, lots.usedPoints), sql`${since.lotId} is not null`),
            ),
          ),
      ]),
    );
    const [end] = summedUp;
    if (end === undefined) return { entries: entriesOf(entryRows, usages, []), earlier: null };
    const earlierLots = lotRows.map(
      (row): EarlierLot => ({
        id: row.lotId,
        kind: row.kind === "refunded" ? "refunded" : "granted",
        referenceId: row.referenceId,
        points: row.points,
        createdAt: row.createdAt,
        validUntil: row.validUntil,
        left: row.points - row.usedPoints + (row.taken ?? 0),
      }),
    );
    const earlier: Earlier = {
      entries: before,
      until: end.recordedAt,
      balance: end.balanceAfter,
      owed: owed[0]?.owed ?? 0,
      lots: earlierLots,
    };
    return { entries: entriesOf(entryRows, usages, earlierLots), earlier };
  }
}

function entriesOf(rows: readonly EntryRow[], usages: readonly UsageRow[], earlier: readonly EarlierLot[]) {
  const usagesBySequence = Map.groupBy(usages, ({ sequence }) => sequence);
  const made = rows.flatMap((row) => {
    const entry = entryOfRow(row, []);
    return entry !== null && makesLot(entry) ? [entry] : [];
  });
  const lotsById = new Map<string, EarlierLot | (typeof made)[number]>(
    [...earlier, ...made].map((lot) => [lot.id, lot]),
  );
  const drawOf = ({ lotId, points }: UsageRow): DatedDraw => {
    const lot = lotsById.get(lotId);
    return {
      lotId,
      points: points as Points,
      lotPoints: (lot?.points ?? 0) as Points,
      createdAt: lot?.createdAt ?? (0 as EpochMs),
      validUntil: lot?.validUntil ?? null,
    };
  };
  return rows.map((row) => entryOfRow(row, (usagesBySequence.get(row.sequence) ?? []).map(drawOf)));
}
