import { beforeEach, describe, expect, test } from "vitest";
import { RememberedOverloads } from "../../../src/ledger/objects/remembered-overloads.ts";
import type { LedgerAnswer, LedgerGateway } from "../../../src/ledger/use-cases/ports.ts";
import type { Unavailable } from "../../../src/platform/requests/failure.ts";
import type { EntryId } from "../../../src/platform/values/identifiers.ts";
import { refuse, succeed } from "../../../src/platform/values/result.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";
import { commandOf, freely, keyOf, redeem } from "../../support/ledger/ledgers.ts";

// What an isolate does with a ledger that has told it that too much is waiting. Clients are asked to come back after 2 s.

type Told = "done" | Unavailable["code"];

/** What has reached the ledgers. */
let reached: string[] = [];
/** What ledgers answer from now on. */
let tells: Told = "done";
/** Those who wait for their ledger, when answers are held back. */
let held: (() => void)[] | null = null;
let now = 0;
let ledgers: RememberedOverloads;

const inner: LedgerGateway = {
  execute: (key) => told(key.customerId, "execute"),
  executeAll: (key, commands) => Promise.all(commands.map(() => told(key.customerId, "executeAll"))),
  giveBackExchange: async (key) => {
    const { result } = await told(key.customerId, "giveBackExchange");
    return result.ok || result.failure.code !== "overloaded"
      ? succeed({ kind: "gone" })
      : succeed({ kind: "overloaded" });
  },
  resumeExchanges: async (key) => {
    const { result } = await told(key.customerId, "resumeExchanges");
    return result.ok ? succeed(null) : refuse({ code: "overloaded" });
  },
  activePoints: async (key) => {
    const { result } = await told(key.customerId, "activePoints");
    return result.ok ? succeed(7) : refuse({ code: "overloaded" });
  },
};

async function told(customerId: string, what: string): Promise<LedgerAnswer> {
  reached.push(`${what} ${customerId}`);
  const answer = tells;
  if (held !== null) await new Promise<void>((resolve) => held?.push(resolve));
  return {
    result: answer === "done" ? succeed({ kind: "redeemed", entryId: "E" as EntryId }) : refuse({ code: answer }),
    replayed: false,
  };
}

const key = keyOf("shop", "C1");
const other = keyOf("shop", "C2");
const namesake = keyOf("other", "C1");

async function command(of = key): Promise<Told> {
  const { result } = await ledgers.execute(of, commandOf(redeem(1)));
  return result.ok ? "done" : (result.failure.code as Told);
}

async function read(of = key): Promise<Told> {
  const result = await ledgers.activePoints(of);
  return result.ok ? "done" : result.failure.code;
}

/** Has the ledger tell that too much is waiting, once. */
async function overload(of = key): Promise<void> {
  tells = "overloaded";
  expect(await command(of)).toBe("overloaded");
  tells = "done";
  reached = [];
}

beforeEach(() => {
  reached = [];
  tells = "done";
  held = null;
  now = 1_000_000;
  ledgers = new RememberedOverloads(inner, { now: () => now as EpochMs });
});

/** One command asks the ledger, which takes it; those that come meanwhile are refused, and those after it are not. */
async function expectOneToGoFirst(): Promise<void> {
  held = [];
  const first = command();
  const second = command();
  expect(reached).toEqual(["execute C1"]);
  expect(await second).toBe("overloaded");
  for (const answer of held) answer();
  held = null;
  expect(await first).toBe("done");
  expect(await Promise.all([command(), command()])).toEqual(["done", "done"]);
}

describe("a ledger that has refused a command as overloaded", () => {
  test("gets no more of them for exactly as long as clients are asked to wait", async () => {
    await overload();
    for (const after of [0, 1_999]) {
      now = 1_000_000 + after;
      expect(ledgers.refusesCommands(key)).toBe(true);
      expect(await command()).toBe("overloaded");
      const all = await ledgers.executeAll(key, [commandOf(redeem(1)), commandOf(redeem(2))]);
      expect(all.map(({ result }) => result)).toEqual([refuse({ code: "overloaded" }), refuse({ code: "overloaded" })]);
      expect(await ledgers.giveBackExchange(key, "e" as EntryId, freely)).toEqual(refuse({ code: "overloaded" }));
    }
    expect(reached).toEqual([]);
    now = 1_002_000;
    expect(ledgers.refusesCommands(key)).toBe(false);
    expect(await command()).toBe("done");
    expect(reached).toEqual(["execute C1"]);
  });

  test("is asked for balances all the same, and has its exchanges gone on with", async () => {
    await overload();
    expect(await read()).toBe("done");
    expect(await ledgers.resumeExchanges(key)).toEqual(succeed(null));
    expect(reached).toEqual(["activePoints C1", "resumeExchanges C1"]);
  });

  test("is one customer's: neither another's nor that of another tenant's customer of the same id is spared", async () => {
    await overload();
    expect([ledgers.refusesCommands(other), ledgers.refusesCommands(namesake)]).toEqual([false, false]);
    expect([await command(other), await command(namesake)]).toEqual(["done", "done"]);
    expect(reached).toEqual(["execute C2", "execute C1"]);
  });

  test("is asked by one command first, and by all when that was taken", async () => {
    await overload();
    now += 2_000;
    await expectOneToGoFirst();
    expect(reached).toHaveLength(3);
  });

  test("is spared for as long again when the first command after that is refused, too", async () => {
    await overload();
    now += 2_000;
    await overload();
    now += 1_999;
    expect(await command()).toBe("overloaded");
    now += 1;
    expect(await command()).toBe("done");
    expect(reached).toEqual(["execute C1"]);
  });

  test("is asked again after each such time while the first command has no answer", async () => {
    await overload();
    held = [];
    for (let count = 1; count <= 3; count += 1) {
      now += 2_000;
      void command();
      expect(await command()).toBe("overloaded");
      expect(reached).toHaveLength(count);
    }
  });

  test("is not spared for longer because of those who were under way, and are refused later", async () => {
    tells = "overloaded";
    held = [];
    const early = [command(), command()];
    held[0]?.();
    expect(await early[0]).toBe("overloaded");
    now += 1_500;
    held[1]?.();
    expect(await early[1]).toBe("overloaded");
    held = null;
    tells = "done";
    now += 499;
    expect(await command()).toBe("overloaded");
    now += 1;
    expect(await command()).toBe("done");
  });

  test.each([3_500, 9_000])(
    "after a wait of %d ms is asked by one command at once, and by all when that was taken",
    async (ms) => {
      tells = "overloaded";
      held = [];
      const late = command();
      now += ms;
      held[0]?.();
      expect(await late).toBe("overloaded");
      tells = "done";
      reached = [];
      await expectOneToGoFirst();
    },
  );

  test("is forgotten when nobody comes: those who come later are all let through", async () => {
    await overload();
    now += 4_000;
    held = [];
    const both = [command(), command()];
    expect(reached).toHaveLength(2);
    for (const answer of held) answer();
    expect(await Promise.all(both)).toEqual(["done", "done"]);
  });
});

test("a ledger that refuses one of several commands, or to give a coupon back, is spared", async () => {
  tells = "overloaded";
  await ledgers.executeAll(key, [commandOf(redeem(1))]);
  await ledgers.giveBackExchange(other, "e" as EntryId, freely);
  expect([ledgers.refusesCommands(key), ledgers.refusesCommands(other)]).toEqual([true, true]);
});

test.each<Told>(["unavailable", "outcome_unknown", "tenant_moving", "ledger_unsound"])(
  "a ledger whose answer is %s is asked again at once",
  async (code) => {
    tells = code;
    expect(await command()).toBe(code);
    tells = "done";
    expect(await command()).toBe("done");
  },
);

test("a ledger that has refused to tell its balance is not asked for it for as long, and takes commands", async () => {
  tells = "overloaded";
  expect(await read()).toBe("overloaded");
  tells = "done";
  expect(await read()).toBe("overloaded");
  expect(await read(namesake)).toBe("done");
  expect(ledgers.refusesCommands(key)).toBe(false);
  expect(await command()).toBe("done");
  now += 2_000;
  expect(await read()).toBe("done");
  expect(reached).toEqual(["activePoints C1", "activePoints C1", "execute C1", "activePoints C1"]);
});

test("no more than a thousand ledgers are remembered, and those that refused first are asked again", async () => {
  await overload();
  for (let count = 1; count < 1_000; count += 1) await overload(keyOf("shop", `D${count}`));
  expect(ledgers.refusesCommands(key)).toBe(true);
  await overload(other);
  expect(ledgers.refusesCommands(key)).toBe(false);
  expect([ledgers.refusesCommands(keyOf("shop", "D1")), ledgers.refusesCommands(other)]).toEqual([true, true]);
});
