import { describe, expect, test } from "vitest";
import { type LatestStates, lastVersion, latestOf, type ToldState } from "../../src/domain/latest-state.ts";
import type { EventId } from "../../src/domain/order-event.ts";
import type { EpochMs } from "../../src/domain/time.ts";

const told = (state: string, event: string, moment: number | null = null): ToldState<string> => ({
  event: event as EventId,
  since: event as EventId,
  moment: moment as EpochMs | null,
  state,
});

const stateOf = (states: Partial<LatestStates<string>>): string | null =>
  latestOf({ version: null, versioned: null, unversioned: null, ...states })?.state ?? null;

describe("the latest state", () => {
  test("is the only one that was told, and none where nothing was", () => {
    expect(stateOf({})).toBeNull();
    expect(stateOf({ version: 3, versioned: told("versioned", "e1") })).toBe("versioned");
    expect(stateOf({ unversioned: told("unversioned", "e1") })).toBe("unversioned");
  });

  test.each([
    [1, 2, "unversioned"],
    [2, 1, "versioned"],
  ])("is by its moment, where both tell one, whichever event came last: %d, %d", (versioned, unversioned, state) => {
    for (const [first, last] of [
      ["e1", "e2"],
      ["e2", "e1"],
    ] as const) {
      const states = {
        version: 3,
        versioned: told("versioned", first, versioned),
        unversioned: told("unversioned", last, unversioned),
      };
      expect(stateOf(states)).toBe(state);
    }
  });

  test.each([
    [null, null],
    [5, null],
    [null, 5],
    [5, 5],
  ])("is the one that came last where their moments do not tell: %j, %j", (versioned, unversioned) => {
    const states = (first: string, last: string) => ({
      version: 3,
      versioned: told("versioned", first, versioned),
      unversioned: told("unversioned", last, unversioned),
    });
    expect(stateOf(states("e1", "e2"))).toBe("unversioned");
    expect(stateOf(states("e2", "e1"))).toBe("versioned");
  });

  test("of what was deleted is that it was, whatever is told of it later", () => {
    const versioned = told("deleted", "e1", 1);
    expect(stateOf({ version: lastVersion, versioned, unversioned: told("approved", "e2", 2) })).toBe("deleted");
  });
});
