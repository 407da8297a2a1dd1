import { env } from "cloudflare:workers";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { attributedSummaryFormat, summaryBatchOut, summaryFormat } from "../../../src/ledger/http/points-schemas.ts";
import { D1SummaryReader } from "../../../src/ledger/storage/summary-reader.ts";
import { momentText, summaryStatements } from "../../../src/ledger/storage/summary-statements.ts";
import type { SummaryFormat } from "../../../src/ledger/use-cases/summary.ts";
import { jsonArrayStream } from "../../../src/platform/http/json-array-stream.ts";
import type { SummaryPage } from "../../../src/platform/requests/page.ts";
import type { CustomerId, TenantId } from "../../../src/platform/values/identifiers.ts";
import { fillLedgers } from "../../support/ledger/fill-ledgers.ts";
import { at, keyOf } from "../../support/ledger/ledgers.ts";
import { anyStoredLedger, storeLedger } from "../../support/ledger/random-ledgers.ts";
import { storedSummary, summaryOnTheWire } from "../../support/ledger/summary-reference.ts";

const now = at("2026-05-11T12:00:00Z");

interface Summary {
  readonly customerId: string;
  readonly activePoints: number;
  readonly summary: { readonly addedPointsList: readonly object[]; readonly redeemedPointsList: readonly object[] };
}

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

const textsOf = (tenant: string, page: SummaryPage | null = null) =>
  new D1SummaryReader(env.DB).ofTenant(tenant as TenantId, page, attributedSummaryFormat, now);

async function exported(tenant: string, page: SummaryPage | null = null): Promise<readonly Summary[]> {
  const stream = await jsonArrayStream(textsOf(tenant, page), () => {});
  return summaryBatchOut.parse(JSON.parse(await new Response(stream).text()));
}

async function alone(tenant: string, customerId: string): Promise<Summary | null> {
  const text = await new D1SummaryReader(env.DB).ofCustomer(keyOf(tenant, customerId), attributedSummaryFormat, now);
  return text === null ? null : JSON.parse(text);
}

const lengths = ({ summary }: Summary): string =>
  `${summary.addedPointsList.length}+${summary.redeemedPointsList.length}`;

describe("the histories of many customers", () => {
  test("come whole and in order across reads, however the reads cut them", async () => {
    // 777 customers of 8 rows: no read of 3,000 rows ends where a customer does.
    await fillLedgers(env.DB, { tenant: "whole", customers: 777, entriesEach: 7 });
    const all = await exported("whole");
    expect(all).toHaveLength(777);
    expect(all.map((summary) => summary.customerId)).toEqual(all.map((summary) => summary.customerId).toSorted());
    expect(new Set(all.map(({ customerId }) => customerId)).size).toBe(777);
    expect(new Set(all.map(lengths))).toEqual(new Set(["6+1"]));
    expect(new Set(all.map((summary) => summary.activePoints))).toEqual(new Set([590]));
    for (const [pageNumber, pageSize] of [
      [1, 200],
      [2, 300],
      [3, 300],
      [4, 300],
      [1, 777],
      [777, 1],
      [778, 1],
    ] as const) {
      const from = (pageNumber - 1) * pageSize;
      expect(await exported("whole", { pageNumber, pageSize })).toEqual(all.slice(from, from + pageSize));
    }
  });

  test("are as long as there are customers, also where a read ends with the last one", async () => {
    // With 9 entries and the row that opens the ledger, 300 customers are one read by rows and by customers.
    await fillLedgers(env.DB, { tenant: "even", customers: 600, entriesEach: 9 });
    expect(await exported("even")).toHaveLength(600);
    expect(await exported("even", { pageNumber: 1, pageSize: 300 })).toHaveLength(300);
    expect(await exported("even", { pageNumber: 3, pageSize: 300 })).toEqual([]);
  });

  test("are read as one piece even when one customer has more rows than are read at a time", async () => {
    await fillLedgers(env.DB, { tenant: "large", customers: 2, entriesEach: 9_000 });
    const all = await exported("large");
    expect(all.map(lengths)).toEqual(["8999+1", "8999+1"]);
    expect(await alone("large", "c0000001")).toEqual(all[0]);
  });

  test("may be larger than a row of the database", async () => {
    const tenant = "wordy" as TenantId;
    const entry = {
      kind: "granted",
      points: 1,
      balanceAfter: 1,
      createdAt: now,
      validUntil: null,
      referenceId: "\u0001".repeat(255),
      description: "\u0001".repeat(2_000),
      uses: [],
    };
    const entries = Array.from({ length: 250 }, (_, index) => ({ ...entry, id: `${"😀".repeat(120)}${index}` }));
    await storeLedger(env.DB, tenant, "C1" as CustomerId, { owed: 0, entries: entries.slice(0, 99) });
    await storeLedger(env.DB, tenant, "C2" as CustomerId, { owed: 0, entries });
    const all = await exported(tenant);
    expect(all.map(lengths)).toEqual(["99+0", "250+0"]);
    expect(JSON.stringify(all[1]).length).toBeGreaterThan(2_000_000);
  });

  test("tell exactly what is stored, whatever it is, and the same alone and together", async () => {
    let tenants = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(anyStoredLedger, { maxLength: 4 }), async (stored) => {
        tenants += 1;
        const tenant = `random-${tenants}` as TenantId;
        for (const [index, ledger] of stored.entries()) {
          await storeLedger(env.DB, tenant, `C"${index}\u00e9` as CustomerId, ledger);
        }
        const all = await exported(tenant);
        expect(all).toHaveLength(stored.length);
        for (const [index, summary] of all.entries()) {
          const key = keyOf(tenant, `C"${index}\u00e9`);
          const reference = await storedSummary(env.DB, key, now);
          expect(reference).not.toBeNull();
          expect(summary).toEqual(reference === null ? null : summaryOnTheWire(reference));
          expect(await alone(tenant, key.customerId)).toEqual(summary);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("have members in the contract's order, and employees' ones the actor after them", async () => {
    await fillLedgers(env.DB, { tenant: "order", customers: 1, entriesEach: 2 });
    const textIn = (format: SummaryFormat) =>
      new D1SummaryReader(env.DB).ofCustomer(keyOf("order", "c0000001"), format, now);
    const written = (actor: string) =>
      '{"customerId":"c0000001","activePoints":90,"summary":{"addedPointsList":[{"id":"g1","reference-id":null,' +
      '"description":"Order 1","points":100,"createdAt":"1970-01-01T00:00:00.001Z","allPointsAfterCreation":100,' +
      `"usedPoints":10,"usedWith":["r1"]${actor}}],"redeemedPointsList":[{"id":"r1","points":10,` +
      `"createdAt":"1970-01-01T00:00:00.002Z","allPointsAfterCreation":90${actor}}]}}`;
    expect(await textIn(summaryFormat)).toBe(written(""));
    expect(await textIn(attributedSummaryFormat)).toBe(written(',"actor":"client:fill"'));
  });

  test.each(["0000-01-01T00:00", "1582-10-15T00:00", "1969-12-31T23:59", "2026-11-20T08:15", "9999-12-31T23:59"])(
    "show each millisecond of the minute from %s as JavaScript does",
    async (minute) => {
      const from = at(`${minute}:00Z`);
      const { results } = await env.DB.prepare(
        `with recursive later(ms) as (select 0 union all select ms + 1 from later where ms < 59999)
          select group_concat(${momentText("(cast(?1 as integer) + ms)")}) as texts from later`,
      )
        .bind(from)
        .all<{ texts: string }>();
      const expected = Array.from({ length: 60_000 }, (_, ms) => new Date(from + ms).toISOString());
      expect(JSON.parse(`[${results[0]?.texts}]`)).toEqual(expected);
    },
  );

  test("are found by keys, without looking through a table", async () => {
    const { page, one, entries } = summaryStatements(attributedSummaryFormat);
    for (const [statement, values] of [
      [page, ["demo", "", now, 200]],
      [one, ["demo", "C1", now]],
      [entries, ["demo", "C1", now]],
    ] as const) {
      const { results } = await env.DB.prepare(`explain query plan ${statement}`)
        .bind(...values)
        .all<{ detail: string }>();
      const steps = results.map(({ detail }) => detail);
      expect(steps.filter((step) => /^SEARCH/.test(step)).length).toBeGreaterThanOrEqual(4);
      for (const step of steps.filter((text) => /^SEARCH/.test(text))) expect(step).toContain("PRIMARY KEY (tenant=?");
      // What is looked through is a subquery's rows, or what the statement calls `g`: a page of customers.
      expect(steps.filter((step) => /^SCAN (?!\(|g$)/.test(step))).toEqual([]);
    }
  });

  test("are read only as fast as they are taken, and no further once nobody takes them", async () => {
    const tenant = "lazy" as TenantId;
    await fillLedgers(env.DB, { tenant, customers: 3_000, entriesEach: 10 });
    const { database, reads } = counting();
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    async function* watched(): AsyncIterable<string> {
      try {
        yield* new D1SummaryReader(database).ofTenant(tenant, null, attributedSummaryFormat, now);
      } finally {
        end();
      }
    }
    const stream = await jsonArrayStream(watched(), () => {});
    const reader = stream.getReader();
    await reader.read();
    await reader.read();
    // 33,000 rows are 11 reads; two chunks of 128 KB are in the first one, and one is read ahead.
    expect(reads()).toBeLessThanOrEqual(3);
    await reader.cancel();
    await ended;
    expect(reads()).toBeLessThanOrEqual(3);
  });

  test("are valid JSON as a stream, also when there are none", async () => {
    const stream = await jsonArrayStream(textsOf("nobody"), () => {});
    expect(await new Response(stream).text()).toBe("[]");
  });

  test("arrive as they were when their text is longer than a chunk, and characters are longer than a byte", async () => {
    const items = Array.from({ length: 5 }, (_, index) => `${"x".repeat(index)}${"é😀€".repeat(40_000)}`);
    async function* texts(): AsyncIterable<string> {
      yield JSON.stringify(items[0]);
      yield items
        .slice(1)
        .map((item) => JSON.stringify(item))
        .join();
    }
    const stream = await jsonArrayStream(texts(), () => {});
    expect(JSON.parse(await new Response(stream).text())).toEqual(items);
  });

  test("break off instead of ending when the database fails half-way", async () => {
    async function* failing(): AsyncIterable<string> {
      yield "1".repeat(500_000);
      throw new Error("connection lost");
    }
    const failures: string[] = [];
    const stream = await jsonArrayStream(failing(), (error) => failures.push(error.message));
    await expect(new Response(stream).text()).rejects.toThrow("broken off");
    expect(failures).toEqual(["connection lost"]);
  });

  test("fail the request when the database fails at once", async () => {
    async function* failing(): AsyncIterable<string> {
      await Promise.reject(new Error("connection lost"));
      yield "1";
    }
    await expect(jsonArrayStream(failing(), () => {})).rejects.toThrow("connection lost");
  });

  test("end with a failure that was read ahead, and nothing after it", async () => {
    const tenant = "broken" as TenantId;
    await fillLedgers(env.DB, { tenant, customers: 500, entriesEach: 10 });
    let reads = 0;
    const database = new Proxy(env.DB, {
      get(target, property) {
        const member: unknown = Reflect.get(target, property);
        if (property !== "prepare") return typeof member === "function" ? member.bind(target) : member;
        return (text: string) => {
          reads += 1;
          return target.prepare(reads === 2 ? "select nothing from nowhere" : text);
        };
      },
    });
    const texts = new D1SummaryReader(database).ofTenant(tenant, null, attributedSummaryFormat, now);
    const failures: Error[] = [];
    const stream = await jsonArrayStream(texts, (error) => failures.push(error));
    await expect(new Response(stream).text()).rejects.toThrow("broken off");
    expect(failures).toHaveLength(1);
    expect(reads).toBe(2);
  });
});
