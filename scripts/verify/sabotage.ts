// The row `sabotage` of docs/reliability.md: copies of the project are broken on purpose, one way at a time
// (sabotages.ts), and the tests that are there for it must fail, each by an expectation that is not met.
//
//   node scripts/verify/sabotage.ts                      a few, chosen by the seed
//   VERIFY_SIZE=full node scripts/verify/sabotage.ts     all
//   node scripts/verify/sabotage.ts no-turn any-issuer   those that are named

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runScript, UsageError } from "../usage-error.ts";
import { Random } from "./random.ts";
import type { LaneAnswer, LaneTask } from "./sabotage-lane.ts";
import { spansOf } from "./sabotaged-text.ts";
import { type CatchingTest, type Sabotage, sabotages } from "./sabotages.ts";
import { usualSeed } from "./usual-seed.ts";

const projectFolder = fileURLToPath(new URL("../..", import.meta.url));
const laneFile = fileURLToPath(new URL("sabotage-lane.ts", import.meta.url));

/** What the tests need of the project, besides `node_modules`. */
const copied = [
  "drizzle",
  "public",
  "scripts",
  "src",
  "test",
  "package.json",
  "tsconfig.json",
  "vitest.config.ts",
  "wrangler.toml",
];

/** Sabotages of a small run. */
const smallCount = 1;
/** Copies that are worked on at a time, one a core. */
const lanesMax = 2;
/** How long a lane may take for a task: minutes on a busy machine mean that a test hangs. */
const taskDeadlineMs = 600_000;
/** Characters of a failure that are shown. */
const messageCharacters = 300;

/** A copy of the project, and the process that runs tests in it. */
class LaneProcess {
  readonly #child: ChildProcess;

  /** @param seed of the tests' random choices */
  constructor(folder: string, seed: number) {
    // Each time a handful of tests runs, not a measured row in full.
    const env = { ...process.env, VERIFY_SIZE: "small", VERIFY_SEED: String(seed) };
    // Its standard output belongs to the runtime, which warns of things that do not matter here.
    this.#child = fork(laneFile, [folder], { cwd: folder, env, stdio: ["ignore", "ignore", "ignore", "ipc"] });
  }

  /** @throws {Error} when the process ends or does not answer */
  async run(task: LaneTask): Promise<LaneAnswer> {
    const signal = AbortSignal.timeout(taskDeadlineMs);
    const ended = new AbortController();
    const answer = once(this.#child, "message", { signal: AbortSignal.any([signal, ended.signal]) });
    const end = () => ended.abort(new Error("The process that runs the tests has ended."));
    this.#child.once("exit", end);
    try {
      this.#child.send(task);
      const [message] = await answer;
      return message as LaneAnswer;
    } finally {
      this.#child.off("exit", end);
    }
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, "exit");
    this.#child.disconnect();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 10_000);
    await exit;
    clearTimeout(timer);
  }
}

/** What became of a sabotage: which test caught it, or why it counts as not caught. */
type Outcome = { readonly caughtBy: string } | { readonly fault: string };

/** @param sound names of the tests that pass on the code as it is */
function outcomeOf({ failed, troubles, passed }: LaneAnswer, sound: ReadonlySet<string>): Outcome {
  const catching = failed.find(({ name, byAssertion }) => byAssertion && sound.has(name));
  if (catching !== undefined) return { caughtBy: catching.name };
  const [other] = failed;
  if (other !== undefined) return { fault: `BROKEN, not caught: ${other.name}: ${shortened(other.message)}` };
  if (troubles.length > 0) return { fault: `NOT RUN: ${shortened(troubles.join("; "))}` };
  return { fault: passed.length === 0 ? "NOT RUN: there is no such test" : "SURVIVED" };
}

const shortened = (text: string): string => text.replaceAll(/\s+/g, " ").slice(0, messageCharacters);

/** Runs all of `tests` on the code as it is. @returns the names of those that pass: all of them, or the run is over */
async function soundTests(lane: LaneProcess, tests: readonly CatchingTest[]): Promise<ReadonlySet<string>> {
  const { passed, failed, troubles } = await lane.run({ sabotage: null, tests });
  const problems = [...failed.map(({ name, message }) => `${name}: ${shortened(message)}`), ...troubles];
  if (problems.length > 0) throw new Error(`The tests fail on the code as it is: ${problems.join("\n")}`);
  const missing = tests.filter(({ test }) => !passed.some((name) => name.includes(test)));
  if (missing.length > 0) throw new Error(`No such test: ${missing.map(({ test }) => test).join(", ")}`);
  return new Set(passed);
}

/** Runs the tests of all of `todo` on the code as it is, each in one of the lanes. @returns the names of them all */
async function soundInLanes(lanes: readonly LaneProcess[], todo: readonly Sabotage[]): Promise<ReadonlySet<string>> {
  const tests = todo.flatMap(({ caughtBy }) => caughtBy);
  const files = [...new Set(tests.map(({ file }) => file))];
  const names = await Promise.all(
    lanes.map((lane, index) =>
      soundTests(
        lane,
        tests.filter(({ file }) => files.indexOf(file) % lanes.length === index),
      ),
    ),
  );
  return new Set(names.flatMap((some) => [...some]));
}

function copyProject(temporaryFolder: string, name: string): string {
  const folder = join(temporaryFolder, name);
  mkdirSync(folder);
  for (const part of copied) {
    if (existsSync(join(projectFolder, part))) {
      cpSync(join(projectFolder, part), join(folder, part), { recursive: true });
    }
  }
  symlinkSync(join(projectFolder, "node_modules"), join(folder, "node_modules"));
  return folder;
}

const textOf = (file: string): string => {
  const path = join(projectFolder, file);
  return existsSync(path) ? readFileSync(path, "utf8") : "";
};

/** What a sabotage needs and does not find, with where it has gone; null when it has all. */
function needOf({ file, replace, caughtBy }: Sabotage): string | null {
  const count = spansOf(textOf(file), replace).length;
  if (count > 1) return `its text stands ${count} times in ${file}`;
  if (count === 1) {
    const gone = caughtBy.filter((test) => !existsSync(join(projectFolder, test.file)));
    return gone.length === 0 ? null : `there is no ${gone.map((test) => test.file).join(", no ")}`;
  }
  const files = globSync(["src/**/*.ts", "drizzle/**/*.sql"], { cwd: projectFolder });
  const places = files.filter((other) => spansOf(textOf(other), replace).length > 0);
  return `its text is not in ${file}${places.length === 0 ? "" : `, but in ${places.join(" and ")}`}`;
}

/** Sabotages have to keep up with the code, also those that are not run now. @throws {Error} when one does not */
function requireApplicable(): void {
  const stale = sabotages.flatMap((sabotage) => {
    const need = needOf(sabotage);
    return need === null ? [] : [`${sabotage.name}: ${need}`];
  });
  if (stale.length > 0) throw new Error(`Not up to date in scripts/verify/sabotages.ts:\n${stale.join("\n")}`);
}

function chosen(names: readonly string[], isFull: boolean, seed: number): readonly Sabotage[] {
  const unknown = names.filter((name) => !sabotages.some((sabotage) => sabotage.name === name));
  if (unknown.length > 0) throw new UsageError(`There is no sabotage '${unknown.join("', '")}'.`);
  if (names.length > 0) return sabotages.filter(({ name }) => names.includes(name));
  if (isFull) return sabotages;
  const random = new Random(seed);
  const left = [...sabotages];
  return Array.from({ length: smallCount }, () => left.splice(random.between(0, left.length - 1), 1)).flat();
}

await runScript(async () => {
  const { positionals } = parseArgs({ allowPositionals: true });
  const seed = Number(process.env["VERIFY_SEED"] ?? usualSeed);
  const todo = chosen(positionals, process.env["VERIFY_SIZE"] === "full", seed);
  requireApplicable();
  const temporaryFolder = mkdtempSync(join(tmpdir(), "reward-points-sabotage-"));
  const lanes: LaneProcess[] = [];
  const missed: string[] = [];
  try {
    const shared = join(projectFolder, "..", "shared");
    // Tests that compare with the published contract look for it beside the project, and are skipped without it.
    if (existsSync(shared)) symlinkSync(shared, join(temporaryFolder, "shared"));
    for (let index = 1; index <= Math.min(lanesMax, todo.length); index += 1) {
      lanes.push(new LaneProcess(copyProject(temporaryFolder, `copy-${index}`), seed));
    }
    const tell = ({ name, breaks }: Sabotage, outcome: Outcome) => {
      if ("fault" in outcome) missed.push(name);
      console.log(`${name}: ${"fault" in outcome ? outcome.fault : `caught by “${outcome.caughtBy}”`} (${breaks})`);
    };
    const sound = await soundInLanes(lanes, todo);
    const waiting = [...todo];
    await Promise.all(
      lanes.map(async (lane) => {
        for (let sabotage = waiting.shift(); sabotage !== undefined; sabotage = waiting.shift()) {
          tell(sabotage, outcomeOf(await lane.run({ sabotage, tests: sabotage.caughtBy }), sound));
        }
      }),
    );
  } finally {
    await Promise.all(lanes.map((lane) => lane.end()));
    rmSync(temporaryFolder, { recursive: true, force: true });
  }
  const words = `of ${todo.length} caught`;
  console.log(`[verify] ${JSON.stringify({ row: "sabotage", number: todo.length - missed.length, words, seed })}`);
  if (missed.length > 0) {
    throw new Error(`Not caught. Again: VERIFY_SEED=${seed} node scripts/verify/sabotage.ts ${missed.join(" ")}`);
  }
});
