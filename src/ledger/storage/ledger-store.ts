import { and, eq, inArray, sql } from "drizzle-orm";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import { redeemOptions } from "../../options/storage/tables.ts";
import { answered } from "../../platform/storage/answered.ts";
import { allOf, builtOnce, readTogether } from "../../platform/storage/built-once.ts";
import { itemsOf } from "../../platform/storage/conditions.ts";
import { bytesOf, parameterBytesMax } from "../../platform/storage/json-parameters.ts";
import { idempotencyRecords } from "../../platform/storage/tables.ts";
import type { CustomerId, EntryId, TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import { outcomeOfRedemption } from "../rules/command.ts";
import { emptyLedger, ledgerOf } from "../rules/ledger.ts";
import type { LedgerKey } from "../rules/ledger-key.ts";
import type { Lot } from "../rules/lot.ts";
import type {
  CommandSubject,
  IdempotencyRecord,
  LedgerChanges,
  LedgerHead,
  LedgerLookups,
  LedgerSnapshot,
  LedgerStore,
  RecalledEntry,
  SubjectFacts,
} from "../use-cases/ports.ts";
import { rowsOf } from "./commit-rows.ts";
import { type CommitRows, type CommitTexts, commitStatements, commitVersion, textsOf } from "./commit-statements.ts";
import { hasPointsLeft, ownedBy } from "./conditions.ts";
import { erasureOf } from "./erasure.ts";
import { emptyHead } from "./seal.ts";
import { SubjectReader } from "./subject-reader.ts";
import { ledgerEntries, ledgers, lots } from "./tables.ts";

/** All that is needed to carry out a commit together with those of other ledgers. */
export interface JoinableCommit {
  readonly texts: CommitTexts;
  /** The size of all texts, in UTF-8. */
  readonly bytes: number;
  /** See {@link commitVersion}. */
  readonly version: string;
}

/** Carries out commits of several ledgers together. */
export interface JoinedCommits {
  /**
   * @returns false when the ledger must carry out this commit by itself: nothing was done
   * @throws what {@link LedgerStore.commit} throws
   */
  commit(key: LedgerKey, commit: JoinableCommit): Promise<boolean>;
}

/** Ledgers in D1. Everything here runs on the primary. */
export class D1LedgerStore implements LedgerStore {
  readonly #database: D1Database;
  readonly #drizzle: DrizzleD1Database;
  readonly #subjects: SubjectReader;
  readonly #joined: JoinedCommits | null;

  /** @param joined carries out commits together with those of other ledgers; null: each commit is a call of its own */
  constructor(database: D1Database, joined: JoinedCommits | null = null) {
    this.#database = database;
    this.#joined = joined;
    this.#drizzle = drizzle(database);
    this.#subjects = new SubjectReader(this.#drizzle);
  }

  async load(key: LedgerKey, lookups: LedgerLookups): Promise<LedgerSnapshot> {
    const { idempotencyKeys, entryIds, optionStamps } = lookups;
    const { tenant, customerId } = key;
    const database = this.#database;
    const listed = (items: readonly unknown[]) => ({ tenant, customerId, items: JSON.stringify(items) });
    const found = await readTogether(database, {
      ledger: ledgerOwned(database, { tenant, customerId }),
      lots: lotsLeft(database, { tenant, customerId }),
      records: idempotencyKeys.length === 0 ? null : recordsNamed(database, listed(idempotencyKeys)),
      entries: entryIds.length === 0 ? null : entriesNamed(database, listed(entryIds)),
      options: optionStamps.length === 0 ? null : optionsNamed(database, listed(optionStamps.map(({ id }) => id))),
    });
    const [row] = found.ledger as readonly (typeof ledgers.$inferSelect & { readonly latestAt: EpochMs | null })[];
    const records = found.records as readonly (typeof idempotencyRecords.$inferSelect)[];
    const entries = found.entries as readonly (typeof ledgerEntries.$inferSelect)[];
    const options = found.options as readonly (typeof redeemOptions.$inferSelect)[];
    const ledger =
      row === undefined
        ? emptyLedger
        : ledgerOf({
            openedAt: row.openedAt,
            sequence: row.sequence,
            latestAt: row.latestAt ?? row.openedAt,
            points: row.points,
            lots: (found.lots as readonly (typeof lots.$inferSelect)[]).map(lotFromRow),
            debt: { owed: row.owed, absorbed: row.absorbed },
          });
    return {
      ledger,
      head: row?.head ?? emptyHead,
      openedBy: row?.openedBy ?? null,
      records: records.map(recordFromRow),
      entries: entries.flatMap(recalledFromRow),
      outdatedStamps: optionStamps.filter(
        ({ id, version, createdAt }) =>
          !options.some((row) => row.id === id && row.version === version && row.createdAt === createdAt),
      ),
    };
  }

  lookUp(key: LedgerKey, subject: CommandSubject): Promise<SubjectFacts> {
    return this.#subjects.lookUp(key, subject);
  }

  exchangesUnderWay(key: LedgerKey, limit: number): Promise<readonly EntryId[]> {
    return this.#subjects.exchangesUnderWay(key, limit);
  }

  earnerOf(tenant: TenantId, orderId: string): Promise<CustomerId | null> {
    return this.#subjects.earnerOf(tenant, orderId);
  }

  async commit(key: LedgerKey, changes: LedgerChanges): Promise<LedgerHead> {
    const { rows, head } = rowsOf(key, changes);
    const isErasure = changes.entries.some((entry) => entry.kind === "erased");
    if (!isErasure && (await this.#isJoined(key, rows))) return head;
    const statements = [...commitStatements(this.#database, rows)];
    if (isErasure) {
      statements.push(...erasureOf(this.#drizzle, key, changes.now).map((query) => this.#prepared(query)));
    }
    if (statements.length > 0) await answered(this.#database.batch(statements));
    return head;
  }

  /** Tries to have the commit carried out together with others. @returns whether it was */
  async #isJoined(key: LedgerKey, rows: CommitRows): Promise<boolean> {
    if (this.#joined === null) return false;
    const texts = textsOf(rows);
    const bytes = Object.values(texts).reduce((sum, text) => sum + bytesOf(text), 0);
    if (bytes > parameterBytesMax) return false;
    return this.#joined.commit(key, { texts, bytes, version: commitVersion(this.#drizzle) });
  }

  #prepared(query: { toSQL(): { sql: string; params: unknown[] } }): D1PreparedStatement {
    const { sql: text, params } = query.toSQL();
    return this.#database.prepare(text).bind(...params);
  }
}

/** The ledger that a statement reads. */
const given = { tenant: sql.placeholder("tenant"), customerId: sql.placeholder("customerId") };

const ledgerOwned = builtOnce<"tenant" | "customerId">((drizzle) =>
  drizzle
    .select({ ...allOf(ledgers), latestAt: sql`${ledgerEntries.recordedAt}`.as("latestAt") })
    .from(ledgers)
    .leftJoin(ledgerEntries, and(ownedBy(ledgerEntries, given), eq(ledgerEntries.sequence, ledgers.sequence)))
    .where(ownedBy(ledgers, given)),
);

const lotsLeft = builtOnce<"tenant" | "customerId">((drizzle) =>
  drizzle
    .select(allOf(lots))
    .from(lots)
    .where(and(ownedBy(lots, given), hasPointsLeft)),
);

const recordsNamed = builtOnce<"tenant" | "items">((drizzle) =>
  drizzle
    .select(allOf(idempotencyRecords))
    .from(idempotencyRecords)
    .where(
      and(
        eq(idempotencyRecords.tenant, given.tenant),
        sql`(${idempotencyRecords.caller}, ${idempotencyRecords.operation}, ${idempotencyRecords.idempotencyKey}) in (
          select value ->> 'caller', value ->> 'operation', value ->> 'key' from json_each(${sql.placeholder("items")}))`,
      ),
    ),
);

const entriesNamed = builtOnce<"tenant" | "customerId" | "items">((drizzle) =>
  drizzle
    .select(allOf(ledgerEntries))
    .from(ledgerEntries)
    .where(and(ownedBy(ledgerEntries, given), inArray(ledgerEntries.entryId, itemsOf(sql.placeholder("items"))))),
);

const optionsNamed = builtOnce<"tenant" | "items">((drizzle) =>
  drizzle
    .select(allOf(redeemOptions))
    .from(redeemOptions)
    .where(and(eq(redeemOptions.tenant, given.tenant), inArray(redeemOptions.id, itemsOf(sql.placeholder("items"))))),
);

const lotFromRow = (row: typeof lots.$inferSelect): Lot => ({
  id: row.lotId,
  points: row.points,
  usedPoints: row.usedPoints,
  createdAt: row.createdAt,
  validUntil: row.validUntil,
});

const recordFromRow = (row: typeof idempotencyRecords.$inferSelect): IdempotencyRecord => ({
  idempotencyKey: {
    operation: row.operation,
    caller: row.caller,
    key: row.idempotencyKey,
  },
  fingerprint: row.fingerprint,
  result: JSON.parse(row.answer) as IdempotencyRecord["result"],
  createdAt: row.createdAt,
});

function recalledFromRow(row: typeof ledgerEntries.$inferSelect): RecalledEntry[] {
  if (row.entryId === null || (row.kind !== "granted" && row.kind !== "redeemed")) return [];
  const { entryId: id, couponCode, couponIssuer } = row;
  return [
    {
      id,
      commandId: row.commandId,
      fingerprint: row.fingerprint,
      outcome:
        row.kind === "granted"
          ? { kind: "granted", entryId: id }
          : outcomeOfRedemption({ id, couponCode, couponIssuer }),
    },
  ];
}
