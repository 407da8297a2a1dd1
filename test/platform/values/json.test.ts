import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decimalOf, plainText } from "../../../src/platform/values/decimal.ts";
import { memberAt, objectsIn } from "../../../src/platform/values/json-member.ts";
import { mergePatch } from "../../../src/platform/values/json-merge-patch.ts";
import { isJsonObject, type JsonObject } from "../../../src/platform/values/json-object.ts";

describe("a JSON Merge Patch", () => {
  // RFC 7386, appendix A.
  test.each([
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [
      ["a", "b"],
      ["c", "d"],
      ["c", "d"],
    ],
    [{ a: "b" }, ["c"], ["c"]],
    [{ a: "foo" }, null, null],
    [{ a: "foo" }, "bar", "bar"],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: "b", c: null }, { a: "b" }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])("makes of %j with %j: %j", (target, patch, expected) => {
    expect(mergePatch(target, patch)).toEqual(expected);
  });

  test("changes nothing when it is empty, and nothing more when it is applied again", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), (target, patch) => {
        expect(mergePatch(target, {})).toEqual(target);
        const once = mergePatch(target, patch);
        expect(mergePatch(once, patch)).toEqual(once);
      }),
    );
  });

  test("leaves both sides as they were", () => {
    const target = { a: { b: 1 } };
    const patch = { a: { c: { d: 1 } } };
    mergePatch(target, patch);
    expect([target, patch]).toEqual([{ a: { b: 1 } }, { a: { c: { d: 1 } } }]);
  });

  test("takes __proto__ for a member like any other", () => {
    const patch: unknown = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}');
    const merged = mergePatch({}, patch);
    expect(JSON.stringify(merged)).toBe(JSON.stringify(patch));
    expect(Object.getPrototypeOf(merged)).toBe(Object.prototype);
    expect("polluted" in {}).toBe(false);
    expect(JSON.stringify(mergePatch(merged, JSON.parse('{"__proto__":null}')))).not.toContain("__proto__");
  });
});

describe("a member of JSON", () => {
  const json: JsonObject = JSON.parse('{"a":{"b":{"c":1},"zero":0,"no":false,"empty":"","list":[{"x":1}]},"":{"":2}}');

  test.each([
    ["a.b.c", 1],
    ["a.b", { c: 1 }],
    ["a.zero", 0],
    ["a.no", false],
    ["a.empty", ""],
    [".", 2],
  ])("at %j is %j", (path, value) => {
    expect(memberAt(json, path)).toEqual(value);
  });

  test.each([
    "x",
    "a.x",
    "a.b.c.d",
    "a.list.0",
    "a.list.length",
    "a.empty.length",
    "toString",
    "a.constructor",
    "__proto__",
  ])("at %s is not there", (path) => {
    expect(memberAt(json, path)).toBeUndefined();
  });

  test("that is null is not there either", () => {
    expect(memberAt({ a: null }, "a")).toBeUndefined();
    expect(memberAt({ a: null }, "a.b")).toBeUndefined();
  });

  test("is an object when it is neither a list nor null nor a single value", () => {
    for (const value of [{}, { length: 0 }, JSON.parse('{"__proto__":1}')]) expect(isJsonObject(value)).toBe(true);
    for (const value of [null, undefined, [], [{}], "{}", 1, true]) expect(isJsonObject(value)).toBe(false);
  });

  test("is a list of objects as far as its elements are objects", () => {
    expect(objectsIn([{ a: 1 }, null, "x", [{}], {}])).toEqual([{ a: 1 }, {}]);
    for (const value of [null, undefined, {}, { 0: {}, length: 1 }, "text", 5]) expect(objectsIn(value)).toEqual([]);
  });
});

describe("a decimal", () => {
  test.each([
    [19.99, "19.99"],
    [0.1 + 0.2, "0.30000000000000004"],
    [1e21, "1000000000000000000000"],
    [1e-7, "0.0000001"],
    [-0.5, "-0.5"],
    [0, "0"],
  ])("%s is the one that was written: %s", (value, text) => {
    const decimal = decimalOf(value);
    expect(decimal === null ? null : plainText(decimal)).toBe(text);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, "1", "", null, undefined, true, [1], {}])(
    "is not %j",
    (value) => {
      expect(decimalOf(value)).toBeNull();
    },
  );
});
