import { and, eq, lt, sql } from "drizzle-orm";
import { isHere } from "../../tenants/storage/at-home.ts";
import type { TenantDatabases } from "../../tenants/storage/tenant-databases.ts";
import type { AnswerStore, KeyedRequest, StoredAnswer } from "../requests/keyed-request.ts";
import type { IdempotencyKey } from "../values/idempotency-key.ts";
import type { TenantId } from "../values/identifiers.ts";
import type { EpochMs } from "../values/time.ts";
import { answeredRead, answeredWrite } from "./answered.ts";
import { builtOnce } from "./built-once.ts";
import { idempotencyRecords } from "./tables.ts";

/** Stored answers of keyed requests, in D1. */
export class D1AnswerStore implements AnswerStore {
  readonly #databases: TenantDatabases;

  constructor(databases: TenantDatabases) {
    this.#databases = databases;
  }

  async find(tenant: TenantId, key: IdempotencyKey): Promise<StoredAnswer | null> {
    const rows = await answeredRead(() =>
      this.#databases
        .drizzleOf(tenant)
        .select({ fingerprint: idempotencyRecords.fingerprint, body: idempotencyRecords.answer })
        .from(idempotencyRecords)
        .where(
          and(
            eq(idempotencyRecords.tenant, tenant),
            eq(idempotencyRecords.caller, key.caller),
            eq(idempotencyRecords.operation, key.operation),
            eq(idempotencyRecords.idempotencyKey, key.key),
          ),
        )
        .execute(),
    );
    return rows[0] ?? null;
  }

  async removeCreatedBefore(moment: EpochMs, limit: number): Promise<number> {
    const { tenant, caller, operation, idempotencyKey, createdAt } = idempotencyRecords;
    const removed = await this.#databases.takeFromAll(limit, ({ drizzle }, room) => {
      const oldest = drizzle
        .select({ tenant, caller, operation, idempotencyKey })
        .from(idempotencyRecords)
        .where(and(lt(createdAt, moment), isHere(tenant)))
        .orderBy(createdAt)
        .limit(room);
      return answeredWrite(
        drizzle
          .delete(idempotencyRecords)
          .where(sql`(${tenant}, ${caller}, ${operation}, ${idempotencyKey}) in (${oldest})`)
          .returning({ createdAt })
          .execute(),
      );
    });
    return removed.length;
  }
}

/** The row that stores an answer. Insert it in the same batch as the answer's effect. */
export const keyedAnswerRow = (
  tenant: TenantId,
  { idempotencyKey, fingerprint, body }: KeyedRequest & { readonly body: string },
  createdAt: EpochMs,
): typeof idempotencyRecords.$inferInsert => ({
  tenant,
  caller: idempotencyKey.caller,
  operation: idempotencyKey.operation,
  idempotencyKey: idempotencyKey.key,
  fingerprint,
  answer: body,
  createdAt,
});

/** Removes an answer that no longer holds, unless another one has replaced it. */
export const answerRemoved = builtOnce<"tenant" | "caller" | "operation" | "key" | "body">((drizzle) =>
  drizzle
    .delete(idempotencyRecords)
    .where(
      and(
        eq(idempotencyRecords.tenant, sql.placeholder("tenant")),
        eq(idempotencyRecords.caller, sql.placeholder("caller")),
        eq(idempotencyRecords.operation, sql.placeholder("operation")),
        eq(idempotencyRecords.idempotencyKey, sql.placeholder("key")),
        eq(idempotencyRecords.answer, sql.placeholder("body")),
      ),
    ),
);
