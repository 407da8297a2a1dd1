import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { LedgerTurn } from "../../../src/ledger/objects/ledger-turn.ts";
import type { Intent, LedgerCommand } from "../../../src/ledger/rules/command.ts";
import { earnedEntryId } from "../../../src/ledger/rules/returns.ts";
import { JournalReader } from "../../../src/ledger/storage/journal-reader.ts";
import { D1LedgerStore } from "../../../src/ledger/storage/ledger-store.ts";
import { systemClock } from "../../../src/platform/runtime/system-clock.ts";
import type { CommandId, EntryId } from "../../../src/platform/values/identifiers.ts";
import { TenantDatabases } from "../../../src/tenants/storage/tenant-databases.ts";
import { commandOf, earn, exchange, givingBack, grant, keyOf, settle } from "../../support/ledger/ledgers.ts";

/** One customer's ledger, and what the journal says of it. */
function opened(customerId: string) {
  const key = keyOf("journals", customerId);
  const turn = new LedgerTurn(key, {
    store: new D1LedgerStore(env.DB),
    clock: systemClock,
    log: { info: () => {}, warn: () => {}, error: () => {} },
    newCouponSuffix: () => crypto.randomUUID().slice(24).toUpperCase(),
    pause: () => Promise.resolve(),
  });
  const does = async (intent: Intent, more: Partial<LedgerCommand> = {}) => {
    const { result } = await turn.execute(commandOf(intent, more));
    if (!result.ok) throw new Error(result.failure.code);
    return result.value;
  };
  return { key, does, reader: new JournalReader(TenantDatabases.one(env.DB).drizzleOf(key.tenant)) };
}

const inShort = (draws: readonly { readonly lotId: EntryId; readonly points: number }[] | undefined) =>
  draws?.map(({ lotId, points }) => [lotId, points]);

test("a return holds of each lot what it took, less what has come back, in however many parts", async () => {
  const { key, does, reader } = opened("C1");
  const lot = earnedEntryId("A");
  await does(earn("A", 20));
  await does(grant(50));
  const heldWhenKept = async (kept: number) => {
    await does(settle("A", 20, kept));
    const history = await reader.orderHistory(key, ["A"]);
    expect(history?.reversals).toHaveLength(1);
    return inShort(history?.reversals[0]?.draws);
  };
  expect(await heldWhenKept(5)).toEqual([[lot, 15]]);
  expect(await heldWhenKept(11)).toEqual([[lot, 9]]);
  expect(await heldWhenKept(12)).toEqual([[lot, 8]]);
  expect(await heldWhenKept(20)).toEqual([]);
});

test("a coupon holds of each lot what it was paid with, and nothing once it has been given back", async () => {
  const { key, does, reader } = opened("C2");
  await does(grant(30, { id: "first" as EntryId }));
  await does(grant(70, { id: "second" as EntryId }));
  const bought = "bought" as CommandId & EntryId;
  const sold = await does(exchange(50), { id: bought });
  if (sold.kind !== "exchanged") throw new Error("No coupon was issued.");
  expect(inShort(await reader.drawsOf(key, bought))).toEqual([
    ["first", 30],
    ["second", 20],
  ]);
  await does(givingBack(sold.couponCode));
  expect(await reader.drawsOf(key, bought)).toEqual([]);
});
