// The row `mutation` of docs/reliability.md: how many of the mutants of the rules their tests find.
//
//   node scripts/verify/mutation.ts                           a small file
//   VERIFY_SIZE=full node scripts/verify/mutation.ts          all rules
//   node scripts/verify/mutation.ts src/ledger/rules/returns.ts     what is named

import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { Stryker } from "@stryker-mutator/core";

/** Percent of the mutants that must be found. */
const target = 90;
const smallSample = ["src/ledger/rules/lot.ts"];
const allRules = ["src/*/rules/**/*.ts", "src/platform/values/*.ts"];

type Options = ConstructorParameters<typeof Stryker>[0];

const named = process.argv.slice(2);
const sized = process.env["VERIFY_SIZE"] === "full" ? allRules : smallSample;
const mutate = named.length > 0 ? named : sized;

const mutants = await new Stryker({
  mutate,
  testRunner: "vitest",
  vitest: { configFile: "scripts/verify/vitest.domain.config.ts", related: false },
  plugins: ["@stryker-mutator/vitest-runner", "./scripts/verify/stryker-ignore.ts"],
  ignorers: ["unreachable"],
  coverageAnalysis: "perTest",
  concurrency: 2,
  // Endless loops are found by counting, so this only has to be long enough for a busy machine.
  timeoutMS: 20_000,
  // No more than the tests need. In particular not tsconfig.json, which Stryker cannot rewrite with TypeScript 7.
  ignorePatterns: [
    "**",
    "!package.json",
    "!scripts/verify/*.ts",
    "!src/*/rules/**",
    "!src/platform/values/*.ts",
    "!test/*/rules/**",
    "!test/platform/values/**",
    "!test/support/**/*.ts",
  ],
  tempDirName: join(tmpdir(), "reward-points-mutants"),
  cleanTempDir: "always",
  reporters: ["progress-append-only"],
  logLevel: "warn" as NonNullable<Options["logLevel"]>,
}).runMutationTest();

const countOf = (...statuses: readonly string[]): number =>
  mutants.filter(({ status }) => statuses.includes(status)).length;
const found = countOf("Killed", "Timeout");
const missed = countOf("Survived", "NoCoverage");
// Rounded down: 89.99 is not 90.
const score = Math.floor((10_000 * found) / (found + missed)) / 100;

for (const { fileName, location, mutatorName, replacement, status } of mutants) {
  if (status !== "Survived" && status !== "NoCoverage") continue;
  const { line, column } = location.start;
  const place = `${relative("", fileName)}:${line}:${column}`;
  console.log(`${status} ${place} ${mutatorName} ${replacement?.replaceAll(/\s+/g, " ")}`);
}
const words = `% of ${found + missed} mutants of ${mutate.join(", ")} found`;
console.log(`[verify] ${JSON.stringify({ row: "mutation", number: score, words, seed: 0 })}`);
// Not a number, when there were no mutants, is not enough either.
if (!(score >= target)) process.exitCode = 1;
