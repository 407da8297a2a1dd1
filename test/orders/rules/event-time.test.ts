import { afterEach, describe, expect, test, vi } from "vitest";
import { eventTime } from "../../../src/orders/rules/event-time.ts";
import type { JsonObject } from "../../../src/platform/values/json-object.ts";

const early = "2026-05-11T12:00:00Z";
const late = "2026-05-12T12:00:00Z";
/** When an order's event happened, in the words of ISO 8601; null when it does not say. */
const toldBy = (event: JsonObject, type = "order.updated"): string | null => {
  const moment = eventTime(event, type);
  return moment === null ? null : new Date(moment).toISOString();
};
const inUtc = (text: string): string => new Date(text).toISOString();

describe("when something happened", () => {
  const modified = { metadata: { modifiedAt: early } };

  test("is what the envelope says, before what the order says", () => {
    expect(toldBy({ time: late, payload: modified })).toBe(inUtc(late));
    expect(toldBy({ time: late })).toBe(inUtc(late));
  });

  test.each([undefined, null, "", "yesterday", 1_778_500_800_000])(
    "is when the order was last modified, where the envelope says %j",
    (time) => {
      expect(toldBy({ time, payload: modified })).toBe(inUtc(early));
    },
  );

  test("is told by an order that came without an envelope itself", () => {
    expect(toldBy(modified)).toBe(inUtc(early));
    expect(toldBy({ ...modified, payload: "O1" })).toBe(inUtc(early));
  });

  test("is not told by an envelope's own metadata, when it has an order in it", () => {
    expect(toldBy({ ...modified, payload: {} })).toBeNull();
  });

  test.each(["order.deleted", "return.deleted", "customer.deleted"])(
    "is told by the envelope alone of %s: what is deleted was modified some time before",
    (type) => {
      expect(toldBy({ payload: modified }, type)).toBeNull();
      expect(toldBy({ time: late, payload: modified }, type)).toBe(inUtc(late));
    },
  );

  test.each(["order.cancelled", "deleted.order", "order.deleted.again", "orderdeleted"])(
    "is told by what %s is about",
    (type) => {
      expect(toldBy({ payload: modified }, type)).toBe(inUtc(early));
    },
  );
});

describe("a moment", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test.each([
    ["2026-05-11T12:00:00Z", "2026-05-11T12:00:00.000Z"],
    ["2026-05-11T12:34Z", "2026-05-11T12:34:00.000Z"],
    ["2026-05-11T12:34:56.7Z", "2026-05-11T12:34:56.700Z"],
    ["2026-05-11T12:34:56.123456789Z", "2026-05-11T12:34:56.123Z"],
    ["2026-05-11T12:00:00+02:00", "2026-05-11T10:00:00.000Z"],
    ["2026-05-11T12:00:00-0230", "2026-05-11T14:30:00.000Z"],
    ["2026-05-11T12:00+02:00", "2026-05-11T10:00:00.000Z"],
  ])("is %s: %s", (time, moment) => {
    expect(toldBy({ time })).toBe(moment);
  });

  test.each([
    ["2026-05-11T12:34:56", "2026-05-11T12:34:56.000Z"],
    ["2026-05-11T12:34", "2026-05-11T12:34:00.000Z"],
    ["2026-05-11T12:34:56.789", "2026-05-11T12:34:56.789Z"],
  ])("without a zone is in UTC, wherever the service runs: %s", (time, moment) => {
    vi.stubEnv("TZ", "America/New_York");
    expect(toldBy({ time })).toBe(moment);
  });

  test.each([
    // No date or no time of day.
    "2026-05-11",
    "2026-05-11T12",
    "T12:00:00Z",
    "2026-05-11 12:00:00Z",
    // Too few or too many digits.
    "26-05-11T12:00:00Z",
    "12026-05-11T12:00:00Z",
    "2026-5-11T12:00:00Z",
    "2026-05-1T12:00:00Z",
    "2026-05-11T1:00:00Z",
    "2026-05-11T12:00:0Z",
    "2026-05-11T12:00:00.Z",
    "2026-05-11T12:00:00.1234567890Z",
    "2026-05-11T12:00:00+02",
    "2026-05-11T12:00:00+2:00",
    // Something before it, after it, or between.
    " 2026-05-11T12:00:00Z",
    "+002026-05-11T12:00:00Z",
    "2026-05-11T12:00:00Z ",
    "2026-05-11T12:00:00Z\n",
    "2026-05-11T12:00:00ZZ",
    "2026-05-11T12:00:00 GMT",
    "2026-05-11T12:00:00~02:00",
    // Well written, and no moment.
    "2026-13-11T12:00:00Z",
    "2026-05-11T25:00:00Z",
    "2026-05-11T12:61:00Z",
  ])("is not %j", (time) => {
    expect(toldBy({ time })).toBeNull();
    expect(toldBy({ metadata: { modifiedAt: time } })).toBeNull();
  });

  test.each([[1_778_500_800_000], [[early]], [{ time: early }], [true]])("is a text, and not %j", (time) => {
    expect(toldBy({ time })).toBeNull();
  });
});
