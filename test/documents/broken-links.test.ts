import { describe, expect, test } from "vitest";
import { anchorsOf, brokenLinks } from "../../scripts/documents/broken-links.ts";

const other = "# Other\n\n## What it does\n";

/** Where the links of `docs/page.md` lead nowhere, beside `docs/other.md` and `src/worker.ts`. */
const faultsIn = (text: string) =>
  brokenLinks({
    paths: new Set(["README.md", "docs", "docs/page.md", "docs/other.md", "docs/two words.md", "src", "src/worker.ts"]),
    documents: new Map([
      ["docs/page.md", text],
      ["docs/other.md", other],
    ]),
  }).map(({ line, target, reason }) => `${line}: ${target}: ${reason}`);

describe("a link that leads somewhere", () => {
  test.each([
    ["names a file", "[a](other.md), [b](../src/worker.ts), [c](./other.md)"],
    ["names a folder", "[a](../docs/), [b](../src)"],
    ["counts from the project's folder", "[a](/docs/other.md)"],
    ["names a heading of another document", "[a](other.md#what-it-does)"],
    ["names a heading of its own", "# One `two`, three\n\n[a](#one-two-three)"],
    ["names lines of a source file", "[a](../src/worker.ts#L1-L3)"],
    ["has a title", '[a](other.md "Other")'],
    ["has a blank in its path", "[a](<two words.md>), [b](two%20words.md)"],
    ["is defined elsewhere", "[a][1]\n\n[1]: other.md#what-it-does"],
    ["is an element", '<a href="other.md">a</a>'],
    ["has a scheme, and is not followed", "[a](https://example.test/none.md#none), [b](mailto:none@example.test)"],
  ])("%s", (_what, text) => {
    expect(faultsIn(text)).toEqual([]);
  });

  test.each([
    ["fenced code", "```md\n[a](none.md)\n```"],
    ["a longer fence that has a shorter one in it", "````md\n```\n[a](none.md)\n```\n[a](none.md)\n````"],
    ["inline code", "`[a](none.md)` and ``[b](none.md) ` ``"],
    ["inline code over two lines", "`npm run\n[a](none.md)`"],
    ["a comment", "<!--\n[a](none.md)\n-->"],
  ])("may be missing in %s", (_what, text) => {
    expect(faultsIn(text)).toEqual([]);
  });
});

describe("a link that leads nowhere", () => {
  test.each([
    ["names no file", "[a](none.md)", ["1: none.md: there is no docs/none.md"]],
    ["has another case", "[a](Other.md)", ["1: Other.md: there is no docs/Other.md"]],
    ["leaves the project", "[a](../../other.md)", ["1: ../../other.md: it leaves the project"]],
    [
      "names no heading",
      "[a](other.md#what-it-did)",
      ["1: other.md#what-it-did: docs/other.md has no heading with the anchor #what-it-did"],
    ],
    ["names no heading of its own", "\n\n[a](#none)", ["3: #none: docs/page.md has no heading with the anchor #none"]],
    [
      "names a heading that stands in code",
      "```sh\n# Build\n```\n[a](#build)",
      ["4: #build: docs/page.md has no heading with the anchor #build"],
    ],
    [
      "names a heading of what has none",
      "[a](../src/worker.ts#top)",
      ["1: ../src/worker.ts#top: src/worker.ts has no headings"],
    ],
    ["is defined elsewhere", "[a][1]\n\n[1]: none.md", ["3: none.md: there is no docs/none.md"]],
    ["is an image", "![a](none.png)", ["1: none.png: there is no docs/none.png"]],
    ["is one of two in a line", "[a](other.md) [b](none.md)", ["1: none.md: there is no docs/none.md"]],
    ["is encoded wrongly", "[a](%zz.md)", ["1: %zz.md: it has a percent sign that encodes nothing"]],
  ])("%s", (_what, text, faults) => {
    expect(faultsIn(text)).toEqual(faults);
  });
});

describe("a heading's anchor", () => {
  test.each([
    ["## Several databases", "several-databases"],
    ["## `GET /health`, and more!", "get-health-and-more"],
    ["## Deploy – step by step", "deploy--step-by-step"],
    ["## snake_case and _stressed_", "snake_case-and-stressed"],
    ["## See [the others](other.md)", "see-the-others"],
    ["## Überblick", "überblick"],
    ["### Closed ###", "closed"],
    ["Underlined\n==========", "underlined"],
    ['<a id="by-hand"></a>', "by-hand"],
  ])("of %j is as GitHub has it", (text, anchor) => {
    expect([...anchorsOf(text)]).toContain(anchor);
  });

  test("has a number from the second heading of the same words on", () => {
    expect([...anchorsOf("# Tests\n# Tests\n# Tests-1\n# Tests")]).toEqual([
      "top",
      "tests",
      "tests-1",
      "tests-1-1",
      "tests-2",
    ]);
  });
});
