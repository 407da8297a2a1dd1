import { describe, expect, test } from "vitest";
import { hintFor, nearestName } from "../../../src/platform/values/nearest-name.ts";

describe("the name that is probably meant", () => {
  test.each([
    ["one that is written with other capitals", "CUSTOMERID", "customerId"],
    ["one with a wrong letter", "custamerId", "customerId"],
    ["one with a letter missing", "custmerId", "customerId"],
    ["one with a letter too many", "custommerId", "customerId"],
    ["one with two letters swapped", "cusotmerId", "customerId"],
    ["one with its first two letters swapped", "uctsomerId", "customerId"],
    ["one with its last two letters swapped", "customerdI", "customerId"],
    ["one without its beginning", "tomerId", "customerId"],
    ["one without its end", "custome", "customerId"],
  ])("is %s", (_, given, name) => {
    expect(nearestName(given, [name])).toBe(name);
  });

  // A third of the letters, rounded up, may be wrong.
  test.each([
    ["a", "x", true],
    ["a", "xy", false],
    ["and", "nad", true],
    ["and", "adn", true],
    ["and", "nda", false],
    ["and", "dna", false],
    ["abc", "axx", false],
    ["abc", "xac", false],
    ["abc", "bxc", false],
    ["abcd", "axxd", true],
    ["abcd", "xxxd", false],
    ["abcd", "ab", true],
    ["abcd", "a", false],
    ["abcd", "abcdef", true],
    ["abcd", "abcdefg", false],
    ["abcdef", "badcef", true],
    ["abcdef", "badcfe", false],
    ["abcdef", "badxef", false],
    ["abcdef", "bcdefa", true],
    ["abcdef", "fbcdea", true],
    ["abcdef", "cbadef", true],
    ["abcdef", "cbafed", false],
    ["abcdefg", "badcfeg", true],
    ["abcdefg", "badcfge", false],
    ["aaaa", "", false],
    ["aabb", "bbaa", false],
  ])("by %j given %j: %s", (name, given, isNear) => {
    expect(nearestName(given, [name])).toBe(isNear ? name : null);
  });

  test("is the one with the fewest slips, and of several such the first", () => {
    expect(nearestName("nama", ["mama", "name", "nama"])).toBe("nama");
    expect(nearestName("namo", ["xxmo", "nxmx", "name"])).toBe("name");
    expect(nearestName("namo", ["name", "xxmo"])).toBe("name");
    expect(nearestName("namo", ["nami", "name"])).toBe("nami");
  });

  test("is none of those that are too different, and none where there is none", () => {
    expect(nearestName("points", ["description", "validUntil"])).toBeNull();
    expect(nearestName("points", [])).toBeNull();
  });

  test("is none when more than 64 letters are given: that is no slip of the pen", () => {
    const name = "x".repeat(64);
    expect(nearestName(name, [name])).toBe(name);
    expect(nearestName(`${name}x`, [name])).toBeNull();
    expect(nearestName(`${name}x`, [`${name}x`])).toBeNull();
  });
});

describe("whoever gives a name that is not known", () => {
  const names = ["points", "description"];

  test("is asked whether the nearest one is meant", () => {
    expect(hintFor("Point", names)).toBe("did you mean points?");
  });

  test("is told all names when none is near", () => {
    expect(hintFor("xyz", names)).toBe("known are points, description");
  });
});
