import { and, eq } from "drizzle-orm";
import { definitionFromText } from "../../ledger/storage/coupon-row.ts";
import type { KeyedRequest } from "../../platform/requests/keyed-request.ts";
import type { Freshness } from "../../platform/requests/page.ts";
import { keyedAnswerRow } from "../../platform/storage/answer-store.ts";
import { answeredRead, answeredWrite } from "../../platform/storage/answered.ts";
import { idempotencyRecords } from "../../platform/storage/tables.ts";
import type { RedeemOptionId, TenantId } from "../../platform/values/identifiers.ts";
import { readable } from "../../tenants/storage/readable.ts";
import type { TenantDatabases } from "../../tenants/storage/tenant-databases.ts";
import { compareRedeemOptions, type RedeemOption } from "../rules/redeem-option.ts";
import type { RedeemOptionStore } from "../use-cases/ports.ts";
import { redeemOptions } from "./tables.ts";

type OptionRow = typeof redeemOptions.$inferSelect;

/** Redeem options in D1. */
export class D1RedeemOptionStore implements RedeemOptionStore {
  readonly #databases: TenantDatabases;

  constructor(databases: TenantDatabases) {
    this.#databases = databases;
  }

  async list(tenant: TenantId, freshness: Freshness): Promise<readonly RedeemOption[]> {
    const drizzle =
      freshness === "recent" ? this.#databases.drizzleReplicaOf(tenant) : this.#databases.drizzleOf(tenant);
    const rows = await answeredRead(() =>
      drizzle.select().from(redeemOptions).where(eq(redeemOptions.tenant, tenant)).execute(),
    );
    return rows.map((row) => this.#optionFromRow(row)).sort(compareRedeemOptions);
  }

  async find(tenant: TenantId, id: RedeemOptionId): Promise<RedeemOption | null> {
    const rows = await answeredRead(() =>
      this.#databases.drizzleOf(tenant).select().from(redeemOptions).where(named(tenant, id)).execute(),
    );
    return rows[0] === undefined ? null : this.#optionFromRow(rows[0]);
  }

  async insert(
    tenant: TenantId,
    option: RedeemOption,
    keyed: (KeyedRequest & { readonly body: string }) | null,
  ): Promise<void> {
    const drizzle = this.#databases.drizzleOf(tenant);
    const insertOption = drizzle.insert(redeemOptions).values({ tenant, ...rowOf(option) });
    if (keyed === null) {
      await answeredWrite(insertOption.execute());
      return;
    }
    const answer = keyedAnswerRow(tenant, keyed, option.createdAt);
    await answeredWrite(drizzle.batch([insertOption, drizzle.insert(idempotencyRecords).values(answer)]));
  }

  async update(tenant: TenantId, option: RedeemOption, expectedVersion: number): Promise<boolean> {
    const updated = await answeredWrite(
      this.#databases
        .drizzleOf(tenant)
        .update(redeemOptions)
        .set(rowOf(option))
        .where(and(named(tenant, option.id), eq(redeemOptions.version, expectedVersion)))
        .returning({ id: redeemOptions.id })
        .execute(),
    );
    return updated.length > 0;
  }

  async remove(tenant: TenantId, id: RedeemOptionId): Promise<void> {
    await answeredWrite(this.#databases.drizzleOf(tenant).delete(redeemOptions).where(named(tenant, id)).execute());
  }

  /** An option whose coupon cannot be read has none: nobody can exchange it, but employees can see and replace it. */
  #optionFromRow({ tenant, ...row }: OptionRow): RedeemOption {
    const [coupon = null] = readable(
      row.coupon === null ? [] : [{ tenant, text: row.coupon }],
      ({ text }) => definitionFromText(text),
      this.#databases,
      () => ({ table: "redeem_options", row: row.id }),
    );
    return {
      ...row,
      id: row.id,
      points: row.points,
      coupon,
      createdAt: row.createdAt,
      modifiedAt: row.modifiedAt,
    };
  }
}

const named = (tenant: TenantId, id: RedeemOptionId) => and(eq(redeemOptions.tenant, tenant), eq(redeemOptions.id, id));

const rowOf = (option: RedeemOption): Omit<OptionRow, "tenant"> => ({
  ...option,
  coupon: option.coupon === null ? null : JSON.stringify(option.coupon),
});
