import { and, eq } from "drizzle-orm";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import type { KeyedRequest, RedeemOptionStore } from "../../application/ports.ts";
import type { CouponDefinition } from "../../domain/coupon.ts";
import type { RedeemOptionId, TenantId } from "../../domain/identifiers.ts";
import type { Points } from "../../domain/points.ts";
import { compareRedeemOptions, type RedeemOption } from "../../domain/redeem-option.ts";
import type { EpochMs } from "../../domain/time.ts";
import { keyedAnswerRow } from "./answer-store.ts";
import { answeredRead, answeredWrite } from "./answered.ts";
import { idempotencyRecords, redeemOptions } from "./schema.ts";

type OptionRow = typeof redeemOptions.$inferSelect;

/** Redeem options in D1. */
export class D1RedeemOptionStore implements RedeemOptionStore {
  readonly #drizzle: DrizzleD1Database;

  constructor(database: D1Database) {
    this.#drizzle = drizzle(database);
  }

  async list(tenant: TenantId): Promise<readonly RedeemOption[]> {
    const rows = await answeredRead(() =>
      this.#drizzle.select().from(redeemOptions).where(eq(redeemOptions.tenant, tenant)).execute(),
    );
    return rows.map(optionFromRow).sort(compareRedeemOptions);
  }

  async find(tenant: TenantId, id: RedeemOptionId): Promise<RedeemOption | null> {
    const rows = await answeredRead(() =>
      this.#drizzle.select().from(redeemOptions).where(named(tenant, id)).execute(),
    );
    return rows[0] === undefined ? null : optionFromRow(rows[0]);
  }

  async insert(
    tenant: TenantId,
    option: RedeemOption,
    keyed: (KeyedRequest & { readonly body: string }) | null,
  ): Promise<void> {
    const insertOption = this.#drizzle.insert(redeemOptions).values({ tenant, ...rowOf(option) });
    if (keyed === null) {
      await answeredWrite(insertOption.execute());
      return;
    }
    const answer = keyedAnswerRow(tenant, keyed, option.createdAt);
    await answeredWrite(this.#drizzle.batch([insertOption, this.#drizzle.insert(idempotencyRecords).values(answer)]));
  }

  async update(tenant: TenantId, option: RedeemOption, expectedVersion: number): Promise<boolean> {
    const updated = await answeredWrite(
      this.#drizzle
        .update(redeemOptions)
        .set(rowOf(option))
        .where(and(named(tenant, option.id), eq(redeemOptions.version, expectedVersion)))
        .returning({ id: redeemOptions.id })
        .execute(),
    );
    return updated.length > 0;
  }

  async remove(tenant: TenantId, id: RedeemOptionId): Promise<void> {
    await answeredWrite(this.#drizzle.delete(redeemOptions).where(named(tenant, id)).execute());
  }
}

const named = (tenant: TenantId, id: RedeemOptionId) => and(eq(redeemOptions.tenant, tenant), eq(redeemOptions.id, id));

const rowOf = (option: RedeemOption): Omit<OptionRow, "tenant"> => ({
  ...option,
  coupon: option.coupon === null ? null : JSON.stringify(option.coupon),
});

const optionFromRow = ({ tenant: _tenant, ...row }: OptionRow): RedeemOption => ({
  ...row,
  id: row.id as RedeemOptionId,
  points: row.points as Points,
  coupon: row.coupon === null ? null : (JSON.parse(row.coupon) as CouponDefinition),
  createdAt: row.createdAt as EpochMs,
  modifiedAt: row.modifiedAt as EpochMs,
});
