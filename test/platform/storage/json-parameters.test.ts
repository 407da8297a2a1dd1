import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { commitStatements } from "../../../src/ledger/storage/commit-statements.ts";
import { bytesOf, inParameters, parameterBytesMax } from "../../../src/platform/storage/json-parameters.ts";
import { commitOf } from "../../support/ledger/commit-rows.ts";

/** D1 takes so much for a parameter. */
const d1BytesMax = 2_000_000;
/** 1,000 characters and 3,000 bytes. */
const wide = "点".repeat(1_000);

describe("rows in parameters", () => {
  test("are split by bytes, and none is lost, doubled or out of order", () => {
    const rows = Array.from({ length: 2_000 }, (_, id) => ({ id, text: wide.slice(0, (id * 37) % 1_000) }));
    const parameters = inParameters(rows);
    expect(parameters.length).toBeGreaterThan(1);
    for (const parameter of parameters) expect(bytesOf(parameter)).toBeLessThanOrEqual(parameterBytesMax + 2);
    expect(parameters.flatMap((parameter) => JSON.parse(parameter))).toEqual(rows);
  });

  test("that are long by themselves have one of their own", () => {
    const long = { text: "x".repeat(parameterBytesMax) };
    expect(inParameters([{ id: 1 }, long, { id: 2 }]).map((parameter) => JSON.parse(parameter))).toEqual([
      [{ id: 1 }],
      [long],
      [{ id: 2 }],
    ]);
    expect(inParameters([])).toEqual([]);
  });
});

test("a commit of few rows with long texts is no longer than D1 takes, and of many short ones a statement a list", () => {
  const bound: unknown[] = [];
  const prepare = (sql: string) => ({ bind: (...values: unknown[]) => ({ sql, bound: bound.push(...values) }) });
  const commit = (rows: Parameters<typeof commitOf>[0]) =>
    commitStatements({ prepare } as unknown as D1Database, commitOf(rows));
  const records = Array.from({ length: 900 }, (_, id) => ({ id, answer: wide }));
  expect(commit({ entries: [{ kind: "granted" }], records }).length).toBeGreaterThan(3);
  expect(bound.length).toBeGreaterThan(3);
  for (const value of bound) expect(bytesOf(String(value))).toBeLessThan(d1BytesMax);
  const usages = Array.from({ length: 5_000 }, (_, id) => ({ id }));
  expect(commit({ entries: [{ kind: "redeemed" }], usages })).toHaveLength(2);
  expect(commit({})).toEqual([]);
});

test("what a settlement of many long events holds fits into the database", async () => {
  const { D1EventInbox } = await import("../../../src/orders/storage/event-inbox.ts");
  const { TenantDatabases } = await import("../../../src/tenants/storage/tenant-databases.ts");
  const { orderEventOf } = await import("../../../src/orders/use-cases/queue-event.ts");
  const { queued } = await import("../../support/orders/order-events.ts");
  const inbox = new D1EventInbox(TenantDatabases.one(env.DB));
  const events = Array.from({ length: 100 }, () =>
    orderEventOf(queued("wide", { type: "a.b", payload: { text: wide.repeat(15) } })),
  );
  const at = events[0]?.receivedAt ?? (0 as never);
  await inbox.record(
    events[0]?.tenant ?? ("" as never),
    events.map((event) => ({
      event,
      verdict: { kind: "ignored", reason: "unknown_event_type" },
      isForgotten: false,
      at,
    })),
  );
  const kept = env.DB.prepare("select count(payload) as kept from order_events where tenant = 'wide'");
  expect(await kept.first("kept")).toBe(100);
});
