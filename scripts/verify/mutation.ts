// The row `mutation` of docs/reliability.md: how many of the mutants of the rules their tests find.
//
//   node scripts/verify/mutation.ts                               a small file
//   VERIFY_SIZE=full node scripts/verify/mutation.ts              a third of the rules, which VERIFY_SEED chooses
//   node scripts/verify/mutation.ts src/ledger/rules/returns.ts   what is named

import { globSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { Stryker } from "@stryker-mutator/core";
import { Random } from "./random.ts";
import { usualSeed } from "./usual-seed.ts";

/** Percent of the mutants that must be found. */
const target = 90;
const smallSample = ["src/ledger/rules/lot.ts"];
/** A run of all of them takes an hour or two: each mutant has the tests run that reach it. */
const chosenShare = 1 / 3;
const seed = Number(process.env["VERIFY_SEED"] ?? usualSeed);

/** Files of the rules in a random order, until they have their share of all lines. */
function chosenRules(): readonly string[] {
  const projectFolder = fileURLToPath(new URL("../..", import.meta.url));
  const left = globSync(["src/*/rules/**/*.ts", "src/platform/values/*.ts"], { cwd: projectFolder })
    .toSorted()
    .map((file) => ({ file, lines: readFileSync(join(projectFolder, file), "utf8").split("\n").length }));
  const wanted = left.reduce((sum, { lines }) => sum + lines, 0) * chosenShare;
  const random = new Random(seed);
  const chosen: string[] = [];
  for (let lines = 0; lines < wanted; ) {
    const [next] = left.splice(random.between(0, left.length - 1), 1);
    if (next === undefined) break;
    chosen.push(next.file);
    lines += next.lines;
  }
  return chosen;
}

type Options = ConstructorParameters<typeof Stryker>[0];

const named = process.argv.slice(2);
const sized = process.env["VERIFY_SIZE"] === "full" ? chosenRules() : smallSample;
const mutate = [...(named.length > 0 ? named : sized)];

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
const where = mutate.length > 3 ? `${mutate.length} files of the rules` : mutate.join(", ");
const words = `% of ${found + missed} mutants of ${where} found`;
console.log(`[verify] ${JSON.stringify({ row: "mutation", number: score, words, seed })}`);
// Not a number, when there were no mutants, is not enough either.
if (!(score >= target)) process.exitCode = 1;
