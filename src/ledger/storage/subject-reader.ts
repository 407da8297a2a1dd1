import { and, desc, eq, inArray, lte, sql } from "drizzle-orm";
import type { DrizzleD1Database } from "drizzle-orm/d1";
import { answeredRead } from "../../platform/storage/answered.ts";
import type { CustomerId, EntryId, TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { Coupon } from "../rules/exchange/coupon.ts";
import { type Exchange, type SoldCoupon, statesUnderWay } from "../rules/exchange/exchange.ts";
import type { ExpiredLot } from "../rules/expiring.ts";
import type { LedgerKey } from "../rules/ledger-key.ts";
import type { Points } from "../rules/points.ts";
import { type CommandSubject, nothingKnown, type SubjectFacts } from "../use-cases/ports.ts";
import { hasPointsLeft, ownedBy } from "./conditions.ts";
import { couponFromRow } from "./coupon-row.ts";
import { coupons, exchanges } from "./coupon-tables.ts";
import { exchangeFromRow } from "./exchange-store.ts";
import { JournalReader } from "./journal-reader.ts";
import { lots } from "./tables.ts";

/** The most lots that expire in one commit. */
const expiredLotsMax = 500;

type Subject<Kind> = Extract<CommandSubject, { readonly kind: Kind }>;

/** How many coupons of either issuer the customer has given back, or begun to give back, since a given moment. */
const givenBackSince = ({ tenant, customerId }: LedgerKey, since: EpochMs | null) => {
  const count =
    since === null
      ? sql<number>`0`
      : sql<number>`(
          select count(*) from coupons c
          where c.tenant = ${tenant} and c.issued_to = ${customerId} and c.given_back_at >= ${since}
        ) + (
          select count(*) from exchanges e
          where e.tenant = ${tenant} and e.customer_id = ${customerId} and e.updated_at >= ${since}
            and e.state in ('VOIDING', 'GIVEN_BACK')
        )`;
  // Needs a name: a column called `0` would come first wherever a row is temporarily a JavaScript object.
  return count.as("given_back_today");
};

/** Reads what is needed to decide a command besides the ledger: an order, an exchange, a coupon or expired lots. */
export class SubjectReader {
  readonly #drizzle: DrizzleD1Database;
  readonly #journal: JournalReader;

  constructor(database: DrizzleD1Database) {
    this.#drizzle = database;
    this.#journal = new JournalReader(database);
  }

  async lookUp(key: LedgerKey, subject: CommandSubject): Promise<SubjectFacts> {
    switch (subject.kind) {
      case "order":
        return this.#orderFacts(key, subject.orderIds);
      case "exchange": {
        const facts = await this.#exchange(key, subject);
        return {
          ...nothingKnown,
          ...facts,
          forgiven: await this.#journal.forgivenAfter(key, facts.exchange?.id ?? null),
        };
      }
      case "coupon": {
        const facts = await this.#soldCoupon(key, subject);
        const { sold } = facts;
        const exchangeId = sold === null || sold === "unreadable" ? null : sold.coupon.exchangeId;
        return { ...nothingKnown, ...facts, forgiven: await this.#journal.forgivenAfter(key, exchangeId) };
      }
      case "expired-lots":
        return { ...nothingKnown, expired: await this.#expiredLots(key, subject.by) };
    }
  }

  earnerOf(tenant: TenantId, orderId: string): Promise<CustomerId | null> {
    return this.#journal.earnerOf(tenant, orderId);
  }

  async exchangesUnderWay(key: LedgerKey, limit: number): Promise<readonly EntryId[]> {
    const rows = await answeredRead(() =>
      this.#drizzle
        .select({ id: exchanges.exchangeId })
        .from(exchanges)
        .where(and(ownedBy(exchanges, key), inArray(exchanges.state, [...statesUnderWay])))
        .orderBy(desc(exchanges.exchangeId))
        .limit(limit)
        .execute(),
    );
    return rows.map((row) => row.id);
  }

  async #orderFacts(key: LedgerKey, orderIds: readonly string[]): Promise<SubjectFacts> {
    const order = await this.#journal.orderHistory(key, orderIds);
    const [first] = order?.reversals ?? [];
    const forgiven = first === undefined ? [] : await this.#journal.forgivenSince(key, first.sequence);
    return { ...nothingKnown, order, forgiven };
  }

  async #exchange(key: LedgerKey, { id, today }: Subject<"exchange">) {
    const [found] = await answeredRead(() =>
      this.#drizzle
        .select({ row: exchanges, givenBackToday: givenBackSince(key, today) })
        .from(exchanges)
        .where(and(ownedBy(exchanges, key), eq(exchanges.exchangeId, id)))
        .execute(),
    );
    if (found === undefined) return { exchange: null };
    const { row, givenBackToday } = found;
    const exchange: Exchange = { ...exchangeFromRow(key, row), draws: await this.#journal.drawsOf(key, id) };
    return { exchange, givenBackToday };
  }

  async #soldCoupon(key: LedgerKey, { code, today }: Subject<"coupon">) {
    const [found] = await answeredRead(() =>
      this.#drizzle
        .select({ row: coupons, givenBackToday: givenBackSince(key, today) })
        .from(coupons)
        .where(
          and(eq(coupons.tenant, key.tenant), eq(coupons.canonicalCode, code), eq(coupons.issuedTo, key.customerId)),
        )
        .execute(),
    );
    if (found === undefined) return { sold: null };
    const { row, givenBackToday } = found;
    const coupon = readableCoupon(row);
    if (coupon === null) return { sold: "unreadable" as const };
    const sold: SoldCoupon = {
      coupon,
      isGivenBack: row.givenBackAt !== null,
      isDeleted: row.deletedAt !== null,
      draws: await this.#journal.drawsOf(key, row.exchangeId),
    };
    return { sold, givenBackToday };
  }

  async #expiredLots(key: LedgerKey, by: EpochMs): Promise<readonly ExpiredLot[]> {
    const rows = await answeredRead(() =>
      this.#drizzle
        .select()
        .from(lots)
        .where(and(ownedBy(lots, key), hasPointsLeft, lte(lots.validUntil, by)))
        .orderBy(lots.validUntil, lots.lotId)
        .limit(expiredLotsMax)
        .execute(),
    );
    return rows.map((row) => ({
      id: row.lotId,
      remainingPoints: (row.points - row.usedPoints - row.expiredPoints) as Points,
      validUntil: (row.validUntil ?? 0) as EpochMs,
    }));
  }
}

/** Null when the coupon is damaged: another read would not help. */
function readableCoupon(row: typeof coupons.$inferSelect): Coupon | null {
  try {
    return couponFromRow(row);
  } catch {
    return null;
  }
}
