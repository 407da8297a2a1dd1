// Started by sabotage.ts: runs chosen tests in one copy of the project, as it is or with a sabotage in it. Vitest
// stays up between runs, because starting it takes longer than most tests.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createVitest, type SerializedError, type TestCase, type TestRunResult, type Vitest } from "vitest/node";
import { spansOf } from "./sabotaged-text.ts";
import type { CatchingTest, Sabotage } from "./sabotages.ts";

/** What a lane is asked for. */
export interface LaneTask {
  /** Null: the code as it is. */
  readonly sabotage: Sabotage | null;
  readonly tests: readonly CatchingTest[];
}

/** What became of a task. */
export interface LaneAnswer {
  /** Names of the tests that passed. */
  readonly passed: readonly string[];
  readonly failed: readonly FailedTest[];
  /** Why the tests could not be run as they should be: a text that is not there, a file that cannot be loaded. */
  readonly troubles: readonly string[];
}

export interface FailedTest {
  /** With the names of the groups round it, as in {@link CatchingTest}. */
  readonly name: string;
  /** Whether an expectation was not met; a test that breaks down in another way has noticed nothing. */
  readonly byAssertion: boolean;
  readonly message: string;
}

const testTimeoutMs = 60_000;

/** How many nested causes of an error are looked at; fast-check wraps once. */
const causesMax = 5;

class Lane {
  readonly #folder: string;
  #running: Promise<Vitest> | null = null;

  /** @param folder the copy of the project that this lane has for itself */
  constructor(folder: string) {
    this.#folder = folder;
  }

  async run({ sabotage, tests }: LaneTask): Promise<LaneAnswer> {
    if (sabotage === null) return this.#runTests(tests);
    const path = join(this.#folder, sabotage.file);
    const text = readFileSync(path, "utf8");
    const spans = spansOf(text, sabotage.replace);
    const [span] = spans;
    if (span === undefined || spans.length > 1) {
      const trouble = `The text to replace is ${spans.length} times in ${sabotage.file}.`;
      return { passed: [], failed: [], troubles: [trouble] };
    }
    const [from, to] = span;
    await this.#write(path, `${text.slice(0, from)}${sabotage.by}${text.slice(to)}`);
    try {
      return await this.#runTests(tests);
    } finally {
      await this.#write(path, text);
    }
  }

  async close(): Promise<void> {
    await (await this.#running)?.close();
    this.#running = null;
  }

  async #write(path: string, text: string): Promise<void> {
    writeFileSync(path, text);
    // Migrations are read with the configuration, once.
    if (path.endsWith(".sql")) await this.close();
    (await this.#running)?.invalidateFile(path);
  }

  async #runTests(tests: readonly CatchingTest[]): Promise<LaneAnswer> {
    this.#running ??= this.#start();
    const vitest = await this.#running;
    const specifications = [...Map.groupBy(tests, ({ file }) => join(this.#folder, file))].flatMap(
      ([path, ofFile]) =>
        vitest.projects
          .find((project) => project.matchesTestGlob(path))
          ?.createSpecification(path, { testNamePattern: patternOf(ofFile) }) ?? [],
    );
    const result = await vitest.runTestSpecifications(specifications);
    return answerOf(result, new Set(specifications.map(({ moduleId }) => moduleId)));
  }

  #start(): Promise<Vitest> {
    return createVitest(
      {
        root: this.#folder,
        config: join(this.#folder, "vitest.config.ts"),
        watch: false,
        bail: 1,
        // A busy machine must not look like a test that fails.
        testTimeout: testTimeoutMs,
        hookTimeout: testTimeoutMs,
        reporters: [{}],
        silent: true,
        // Beside the copies: `node_modules` is the project's own.
        fsModuleCachePath: join(this.#folder, "..", "modules"),
      },
      { cacheDir: join(this.#folder, "..", "cache") },
    );
  }
}

/** The tests with one of the names, and no others. */
const patternOf = (tests: readonly CatchingTest[]): RegExp =>
  new RegExp(tests.map(({ test }) => test.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("|"));

/** @param files where the tests are: Vitest remembers earlier runs, too */
function answerOf({ testModules, unhandledErrors }: TestRunResult, files: ReadonlySet<string>): LaneAnswer {
  const modules = testModules.filter(({ moduleId }) => files.has(moduleId));
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const inGroups = modules.flatMap((module) => [...module.children.allSuites()].flatMap((suite) => suite.errors()));
  const errors = [...modules.flatMap((module) => module.errors()), ...inGroups, ...unhandledErrors];
  return {
    passed: tests.flatMap((test) => (test.result().state === "passed" ? [test.fullName] : [])),
    failed: tests.flatMap((test) => (test.result().state === "failed" ? [failedTestOf(test)] : [])),
    troubles: errors.map((error) => (error instanceof Error || isSerialized(error) ? error.message : String(error))),
  };
}

function failedTestOf(test: TestCase): FailedTest {
  const errors = test.result().errors ?? [];
  return {
    name: test.fullName,
    byAssertion: errors.some(isAssertion),
    message: errors.map(({ name, message }) => `${name}: ${message}`).join("\n"),
  };
}

/** Whether an expectation was not met, by itself or for an example of fast-check's. */
function isAssertion(error: SerializedError): boolean {
  let current: unknown = error;
  for (let depth = 0; depth < causesMax && isSerialized(current); depth += 1) {
    if (current.name === "AssertionError") return true;
    current = current.cause;
  }
  return false;
}

const isSerialized = (error: unknown): error is { name?: string; message: string; cause?: unknown } =>
  typeof error === "object" && error !== null && "message" in error && typeof error.message === "string";

const lane = new Lane(process.argv[2] ?? "");

/** One task after another. */
let last: Promise<unknown> = Promise.resolve();

process.on("message", (task: LaneTask) => {
  last = last
    .then(() => lane.run(task))
    .catch((error: unknown) => ({ passed: [], failed: [], troubles: [String(error)] }))
    .then((answer: LaneAnswer) => process.send?.(answer));
});
process.on("disconnect", () => {
  void last.then(() => lane.close()).finally(() => process.exit());
});
