import { expect, test } from "vitest";
import { isOutcomeOf, type Outcome } from "../../../src/ledger/rules/command.ts";
import type { EntryId } from "../../../src/platform/values/identifiers.ts";

const entryId = "E1" as EntryId;
const granted: Outcome = { kind: "granted", entryId };
const redeemed: Outcome = { kind: "redeemed", entryId };

test("each intent comes to its own outcomes, and to no other's", () => {
  expect([isOutcomeOf("grant", granted), isOutcomeOf("earn", granted), isOutcomeOf("open", granted)]).toEqual([
    true,
    true,
    true,
  ]);
  expect([isOutcomeOf("grant", redeemed), isOutcomeOf("exchange", redeemed), isOutcomeOf("redeem", granted)]).toEqual([
    false,
    false,
    false,
  ]);
  // A ledger that was opened after the deletion that asks for its erasure is left alone.
  expect(isOutcomeOf("erase", { kind: "left" })).toBe(true);
});
