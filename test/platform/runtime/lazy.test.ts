import { describe, expect, test } from "vitest";
import { lazy } from "../../../src/platform/runtime/lazy.ts";

describe("a lazy value", () => {
  test("is made when it is first asked for, and once, even when there is nothing in it", () => {
    let timesMade = 0;
    const value = lazy(() => {
      timesMade++;
      return undefined;
    });
    expect(timesMade).toBe(0);
    value();
    value();
    expect(timesMade).toBe(1);
  });

  test("is made anew when making it has failed", () => {
    let attempts = 0;
    const value = lazy(() => {
      attempts++;
      if (attempts === 1) throw new Error("not yet");
      return attempts;
    });
    expect(value).toThrow("not yet");
    expect(value()).toBe(2);
    expect(value()).toBe(2);
  });
});
