import { describe, expect, test } from "vitest";
import { spansOf } from "../../scripts/verify/sabotaged-text.ts";

const found = (text: string, wanted: string) => spansOf(text, wanted).map((span) => text.slice(...span));

describe("the text that a sabotage replaces", () => {
  test("is found as it is", () => {
    expect(found("a(1);\nb();\na(1);\n", "a(1);\n")).toEqual(["a(1);\n", "a(1);\n"]);
    expect(found("x = /a.b/;", "/a.b/")).toEqual(["/a.b/"]);
    expect(found("ab", "a.b")).toEqual([]);
  });

  test("is found with other line breaks, blanks and last commas", () => {
    expect(found("  if (isLate(a, b)) return;", "if (\n  isLate(\n    a,\n    b,\n  )\n) return;\n")).toEqual([
      "if (isLate(a, b)) return;",
    ]);
    expect(found("const all = [\n  one,\n  two,\n];", "const all = [one, two];")).toEqual([
      "const all = [\n  one,\n  two,\n];",
    ]);
  });

  test("is not found in other words", () => {
    expect(found("constall = [one];", "const all = [one];")).toEqual([]);
    expect(found("const all = [one, three];", "const all = [one];")).toEqual([]);
    expect(found("throw new Error(); return;", "throw new Error() return;")).toEqual([]);
  });
});
