import { describe, expect, test } from "vitest";
import type { EventId } from "../../../src/orders/rules/event-id.ts";
import {
  type LatestStates,
  lastVersion,
  latestOf,
  type ReportedState,
  reportedState,
} from "../../../src/orders/rules/latest-state.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";

const told = (state: string, event: string, moment = 0): ReportedState<string> => ({
  event: event as EventId,
  since: event as EventId,
  moment: moment as EpochMs,
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
  ])("is by its moment, whichever event came last: %d, %d", (versioned, unversioned, state) => {
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

  test("is the one that came last where their moments are the same", () => {
    const states = (first: string, last: string) => ({
      version: 3,
      versioned: told("versioned", first, 5),
      unversioned: told("unversioned", last, 5),
    });
    expect(stateOf(states("e1", "e2"))).toBe("unversioned");
    expect(stateOf(states("e2", "e1"))).toBe("versioned");
  });

  test("became so when its event came, where that tells no moment", () => {
    const at = 7 as EpochMs;
    const stamp = { version: 1, moment: null };
    expect(reportedState("e1" as EventId, stamp, at, "x")).toEqual({ event: "e1", since: "e1", moment: 7, state: "x" });
    const timed = reportedState("e1" as EventId, { ...stamp, moment: 5 as EpochMs }, at, "x");
    expect(timed.moment).toBe(5);
  });

  test("of what was deleted is that it was, whatever is told of it later", () => {
    const versioned = told("deleted", "e1", 1);
    expect(stateOf({ version: lastVersion, versioned, unversioned: told("approved", "e2", 2) })).toBe("deleted");
  });
});
