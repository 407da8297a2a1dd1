import { execFileSync, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs, stripVTControlCharacters } from "node:util";
import { z } from "zod";
import { runScript, UsageError } from "./usage-error.ts";
import { type Row, rows } from "./verify/rows.ts";
import { buildWorker } from "./verify/runtime.ts";
import { usualSeed } from "./verify/usual-seed.ts";

// Runs the rows of docs/reliability.md and prints what they come to.
//
//   npm run verify                        all rows, small
//   npm run verify -- races model         these rows, small
//   npm run verify -- --full races        this row, in full; keeps its number in docs/reliability.md
//   npm run verify:full                   all rows in full; likewise
//
// VERIFY_SEED sets the seed of all random choices; in full it is a new one each time, else always the same.

const projectFolder = fileURLToPath(new URL("..", import.meta.url));
const programs = join(projectFolder, "node_modules", ".bin");
const documentFile = join(projectFolder, "docs", "reliability.md");
const tableBegin = "<!-- The table is written by `npm run verify -- --full`. -->";
const tableEnd = "<!-- The end of what is written by `npm run verify -- --full`. -->";

/** Rows that run at a time: most of them keep one core busy. */
const lanes = 2;

/** A row that takes more than this many times its time, and more than two minutes, is ended. */
const patience = 3;
const deadlineMsMin = 120_000;
/** Lines of a row that failed which are shown. */
const linesShown = 60;

/** `absent`: the row's file is not there. */
type Verdict = "met" | "missed" | "absent";

interface RowOutcome {
  readonly row: Row;
  readonly verdict: Verdict;
  readonly number: number | null;
  readonly words: string;
  readonly seconds: number;
}

const reportShape = z.object({ row: z.string(), number: z.number(), words: z.string() });

/** Every row prints its number in a line of this form. */
const reportPrefix = "[verify] ";
/** A line of the service's log, and the one with which vitest says where it comes from. */
const logLine = /^\{"level"|^(stdout|stderr) \| /;

async function runRow(row: Row, environment: NodeJS.ProcessEnv): Promise<RowOutcome> {
  if (!existsSync(join(projectFolder, row.file))) {
    return { row, verdict: "absent", number: null, words: `${row.file} is not there`, seconds: 0 };
  }
  const startedAt = performance.now();
  const { exitCode, lines } = await runProgram(
    commandOf(row),
    environment,
    Math.max(row.secondsMax * patience * 1000, deadlineMsMin),
  );
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  const report = reportIn(lines, row.name);
  const isFull = environment["VERIFY_SIZE"] === "full";
  // Small runs do not reach the numbers of full ones; what must be right is right in both.
  const isMet = exitCode === 0 && report !== null && (!isFull || row.isMet(report.number));
  if (!isMet)
    console.error(`${lines.slice(-linesShown).join("\n")}\n${row.name}: ended with ${exitCode ?? "a signal"}.`);
  const words = report?.words ?? "it printed no number";
  return { row, verdict: isMet ? "met" : "missed", number: report?.number ?? null, words, seconds };
}

/**
 * Runs rows side by side, the longest first, and then those that want the machine for themselves.
 * @returns what they have come to, in the order of `chosen`
 */
async function runRows(chosen: readonly Row[], environment: NodeJS.ProcessEnv): Promise<readonly RowOutcome[]> {
  const outcomes = new Map<Row, RowOutcome>();
  const runNext = async (waiting: Row[]): Promise<void> => {
    for (let row = waiting.shift(); row !== undefined; row = waiting.shift()) {
      const outcome = await runRow(row, environment);
      outcomes.set(row, outcome);
      const { verdict, number, words, seconds } = outcome;
      console.log(`${row.name}: ${verdict}, ${numberText(number)} ${words}, ${seconds} s`);
    }
  };
  const sociable = chosen.filter(({ isAlone }) => isAlone !== true);
  const longestFirst = sociable.toSorted((left, right) => right.secondsMax - left.secondsMax);
  await Promise.all(Array.from({ length: lanes }, () => runNext(longestFirst)));
  await runNext(chosen.filter(({ isAlone }) => isAlone === true));
  return chosen.flatMap((row) => outcomes.get(row) ?? []);
}

const commandOf = ({ file }: Row): readonly [string, ...string[]] =>
  file.startsWith("scripts/")
    ? [process.execPath, join(projectFolder, file)]
    : [join(programs, "vitest"), "run", file, "--silent=false"];

/**
 * @returns what it has printed, but for the service's own log, which has a line a request; null as exit code when it
 * was ended, after `deadlineMs` or by a signal
 */
function runProgram(
  [program, ...words]: readonly [string, ...string[]],
  environment: NodeJS.ProcessEnv,
  deadlineMs: number,
): Promise<{ readonly exitCode: number | null; readonly lines: readonly string[] }> {
  return new Promise((resolve, reject) => {
    // A group of its own: what it has started ends with it.
    const child = spawn(program, words, { cwd: projectFolder, env: environment, detached: true });
    const lines: string[] = [];
    for (const input of [child.stdout, child.stderr]) {
      createInterface({ input }).on("line", (printed) => {
        const line = stripVTControlCharacters(printed).trimEnd();
        if (line !== "" && !logLine.test(line)) lines.push(line);
      });
    }
    const endGroup = (signal: NodeJS.Signals) => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, signal);
      } catch {
        // Nobody is left in the group.
      }
    };
    const timer = setTimeout(() => endGroup("SIGKILL"), deadlineMs);
    const interrupted = () => endGroup("SIGKILL");
    process.once("exit", interrupted);
    child.on("error", reject);
    child.on("close", (exitCode) => {
      clearTimeout(timer);
      process.off("exit", interrupted);
      resolve({ exitCode, lines });
    });
  });
}

function reportIn(lines: readonly string[], name: string): z.output<typeof reportShape> | null {
  for (const line of lines.toReversed()) {
    if (!line.startsWith(reportPrefix)) continue;
    const report = reportShape.safeParse(JSON.parse(line.slice(reportPrefix.length))).data;
    if (report?.row === name) return report;
  }
  return null;
}

const numberText = (number: number | null): string => (number === null ? "–" : number.toLocaleString("en-US"));

function printTable(outcomes: readonly RowOutcome[]): void {
  const cells = outcomes.map(({ row, verdict, number, words, seconds }) => [
    row.name,
    verdict,
    numberText(number),
    `${seconds} s`,
    words,
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((cell) => cell[column]?.length ?? 0)));
  for (const cell of cells) {
    console.log(cell.map((text, column) => text.padEnd(widths[column] ?? 0)).join("  "));
  }
}

/** A row's line of the table in docs/reliability.md. */
function lineOf({ row, verdict, number, words, seconds }: RowOutcome, seed: number): string {
  const day = new Date().toISOString().slice(0, 10);
  const file = `[\`${row.file.split("/").at(-1)}\`](../${row.file})`;
  const result = `${numberText(number)} ${words} | ${verdict} | ${seconds} s | ${day}, \`${seed}\``;
  return `| \`${row.name}\` | ${row.shows} | ${row.target} | ${result} | ${file} |`;
}

/**
 * Writes what rows have come to in full into docs/reliability.md. Lines of other rows stay as their last runs left them.
 * @throws {Error} when the document does not have both markers
 */
function keepInDocument(outcomes: readonly RowOutcome[], seed: number): void {
  const text = readFileSync(documentFile, "utf8");
  const begin = text.indexOf(tableBegin);
  const end = text.indexOf(tableEnd);
  if (begin < 0 || end < begin) throw new Error("docs/reliability.md lacks the markers of the table.");
  const lines = new Map<string, string>();
  for (const line of text.slice(begin, end).split("\n")) {
    const [, name] = /^\| `([\w-]+)`/.exec(line) ?? [];
    if (name !== undefined) lines.set(name, line);
  }
  for (const outcome of outcomes) lines.set(outcome.row.name, lineOf(outcome, seed));
  const table = [
    "| row | what it shows | target | number | result | took | last run, seed | file |",
    "|---|---|---|---|---|---|---|---|",
    ...rows.flatMap(({ name }) => lines.get(name) ?? []),
  ].join("\n");
  writeFileSync(documentFile, `${text.slice(0, begin + tableBegin.length)}\n\n${table}\n\n${text.slice(end)}`);
  // The project's lint also looks at tables.
  execFileSync(join(programs, "biome"), ["format", "--write", documentFile], { stdio: "ignore" });
}

function chosenRows(names: readonly string[], scriptsOnly: boolean): readonly Row[] {
  for (const name of names) {
    if (rows.some((row) => row.name === name)) continue;
    throw new UsageError(`There is no row '${name}'. There are: ${rows.map((row) => row.name).join(", ")}`);
  }
  return rows.filter(
    ({ name, file, isAlone }) =>
      (names.length === 0 || names.includes(name)) &&
      (!scriptsOnly || (file.startsWith("scripts/") && isAlone !== true)),
  );
}

await runScript(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      full: { type: "boolean", default: false },
      // The rows that `vitest run` does not run, but for those that measure how fast the machine is.
      scripts: { type: "boolean", default: false },
    },
  });
  const chosen = chosenRows(positionals, values.scripts);
  const seed = Number(process.env["VERIFY_SEED"] ?? (values.full ? randomInt(2 ** 31) : usualSeed));
  console.log(`${values.full ? "Full" : "Small"} size, VERIFY_SEED=${seed}`);
  const environment = {
    ...process.env,
    VERIFY_SIZE: values.full ? "full" : "small",
    VERIFY_SEED: String(seed),
    ...(chosen.some(({ file }) => file.startsWith("scripts/")) ? { VERIFY_WORKER: await buildWorker() } : {}),
  };
  const outcomes = await runRows(chosen, environment);
  if (outcomes.length > 1) {
    console.log();
    printTable(outcomes);
  }
  if (values.full) keepInDocument(outcomes, seed);
  const bad = outcomes.filter(({ verdict }) => verdict === "missed" || (values.full && verdict === "absent"));
  if (bad.length > 0) {
    const names = bad.map(({ row }) => row.name).join(" ");
    throw new Error(
      `Missed: ${names}. Again: VERIFY_SEED=${seed} npm run verify -- ${values.full ? "--full " : ""}${names}`,
    );
  }
});
