import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import type { CustomerSummary } from "../../src/application/summary.ts";
import type { TenantId } from "../../src/domain/identifiers.ts";
import { jsonArrayStream } from "../../src/http/json-array-stream.ts";
import { D1SummaryReader } from "../../src/storage/d1/summary-reader.ts";
import { fillLedgers } from "../support/fill-ledgers.ts";
import { at, keyOf } from "../support/ledgers.ts";

const now = at("2026-05-11T12:00:00Z");

/** D1 that counts the statements that are run through it. */
function counting(): { database: D1Database; reads: () => number } {
  let reads = 0;
  const database = new Proxy(env.DB, {
    get(target, property) {
      const member: unknown = Reflect.get(target, property);
      if (property !== "prepare") return typeof member === "function" ? member.bind(target) : member;
      return (text: string) => {
        reads += 1;
        return target.prepare(text);
      };
    },
  });
  return { database, reads: () => reads };
}

async function collect(summaries: AsyncIterable<CustomerSummary>): Promise<CustomerSummary[]> {
  const all: CustomerSummary[] = [];
  for await (const summary of summaries) all.push(summary);
  return all;
}

describe("the histories of many customers", () => {
  test("come whole and in order across reads, however the reads cut them", async () => {
    const tenant = "whole" as TenantId;
    // 777 customers of 7 rows: no read of 2,000 rows ends where a customer does.
    await fillLedgers(env.DB, { tenant, customers: 777, entriesEach: 7 });
    const all = await collect(new D1SummaryReader(env.DB).ofTenant(tenant, null, now));
    expect(all).toHaveLength(777);
    expect(all.map((summary) => summary.customerId)).toEqual(all.map((summary) => summary.customerId).toSorted());
    expect(new Set(all.map((summary) => `${summary.granted.length}+${summary.redeemed.length}`))).toEqual(
      new Set(["6+1"]),
    );
    expect(new Set(all.map((summary) => summary.activePoints))).toEqual(new Set([590]));
  });

  test("are read as one piece even when one customer has more rows than are read at a time", async () => {
    const tenant = "large" as TenantId;
    await fillLedgers(env.DB, { tenant, customers: 2, entriesEach: 9_000 });
    const all = await collect(new D1SummaryReader(env.DB).ofTenant(tenant, null, now));
    expect(all.map((summary) => summary.granted.length + summary.redeemed.length)).toEqual([9_000, 9_000]);
    const alone = await new D1SummaryReader(env.DB).ofCustomer(keyOf(tenant, "c0000001"), now);
    expect(alone).toEqual(all[0]);
  });

  test("are read only as fast as they are taken, and no further once nobody takes them", async () => {
    const tenant = "lazy" as TenantId;
    await fillLedgers(env.DB, { tenant, customers: 3_000, entriesEach: 10 });
    const { database, reads } = counting();
    const summaries = new D1SummaryReader(database).ofTenant(tenant, null, now);
    const stream = await jsonArrayStream(
      summaries,
      (summary) => summary,
      () => {},
    );
    const reader = stream.getReader();
    await reader.read();
    await reader.read();
    // 30,000 rows would be 16 reads; two chunks of 64 KB are in the first two.
    expect(reads()).toBeLessThanOrEqual(2);
    await reader.cancel();
    expect(reads()).toBeLessThanOrEqual(2);
  });

  test("are valid JSON as a stream, also when there are none", async () => {
    const reader = new D1SummaryReader(env.DB);
    const textOf = async (tenant: string) =>
      new Response(
        await jsonArrayStream(
          reader.ofTenant(tenant as TenantId, null, now),
          (summary) => summary.customerId,
          () => {},
        ),
      ).text();
    expect(await textOf("nobody")).toBe("[]");
    expect(JSON.parse(await textOf("whole"))).toHaveLength(777);
  });

  test("break off instead of ending when the database fails half-way", async () => {
    async function* failing(): AsyncIterable<number> {
      yield 1;
      throw new Error("connection lost");
    }
    const failures: string[] = [];
    const stream = await jsonArrayStream(
      failing(),
      (item) => "x".repeat(100_000) + item,
      (error) => failures.push(error.message),
    );
    await expect(new Response(stream).text()).rejects.toThrow("connection lost");
    expect(failures).toEqual(["connection lost"]);
  });
});
