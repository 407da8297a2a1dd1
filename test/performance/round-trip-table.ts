import type { RowCounts } from "./recorded-database.ts";

/** What was counted in one state. */
export interface Counted {
  /** Every call that left the service, in order. */
  readonly calls: readonly string[];
  readonly rows: RowCounts | null;
}

/** One operation, in both states. */
export interface Measured {
  readonly name: string;
  readonly cold: Counted;
  readonly warm: Counted;
}

/** What is waited for far away, by the first word of a call's name. Limits of requests are counted in the machine. */
const kinds = { D1: "d1", KV: "kv", object: "rpc", lane: "lane", queue: "queue", elsewhere: "fetch" } as const;

export type Kind = keyof typeof kinds;

/** A body is on its way with its answer, and the alarm lies with the object: neither is one more round trip. */
export const roundTrips = ({ calls }: Counted, kind: Kind): number =>
  calls.filter((call) => call.startsWith(`${kinds[kind]} `) && !call.endsWith(", body")).length;

const columns = Object.keys(kinds) as Kind[];

/** Cold and warm; one number where it is the same. */
const pair = (cold: number, warm: number): string => (cold === warm ? String(cold) : `${cold} / ${warm}`);

const cellsOf = ({ name, cold, warm }: Measured): readonly string[] => [
  name,
  ...columns.map((kind) => pair(roundTrips(cold, kind), roundTrips(warm, kind))),
];

/** A Markdown table whose columns are as wide as they need to be, the first one aligned to the left. */
function markdownTable(lines: readonly (readonly string[])[]): string {
  const [header = []] = lines;
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const padded = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  const row = (line: readonly string[]) => `| ${line.map(padded).join(" | ")} |`;
  const rule = widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [row(header), `| ${rule.join(" | ")} |`, ...lines.slice(1).map(row)].join("\n");
}

/** The table of round trips in Markdown. */
export const roundTripTable = (measured: readonly Measured[]): string =>
  markdownTable([["cold / warm", ...columns], ...measured.map(cellsOf)]);

/** The rows that D1 reads and writes for each of `chosen`, in Markdown. */
export function rowTable(chosen: readonly { readonly name: string; readonly counted: Counted }[]): string {
  const lines = chosen.map(({ name, counted: { rows } }) => {
    if (rows === null) throw new Error(`The rows of ${name} were not counted.`);
    return [name, String(rows.read), String(rows.written)];
  });
  return markdownTable([["D1 rows", "read", "written"], ...lines]);
}

/** Every call of every operation, so that a difference shows which one is new. */
export function callsText(measured: readonly Measured[]): string {
  const state = (name: string, { calls, rows }: Counted): readonly string[] => [
    `  ${name}${rows === null ? "" : `, ${rows.read} rows read and ${rows.written} written`}`,
    ...grouped(calls).map((call) => `    ${call}`),
  ];
  return measured
    .flatMap(({ name, cold, warm }) => [name, ...state("cold", cold), ...state("warm", warm), ""])
    .join("\n");
}

/** Calls that many events make at once come in any order: the same ones are counted together. */
function grouped(calls: readonly string[]): readonly string[] {
  const counts = Map.groupBy(calls, (call) => call);
  return [...counts].map(([call, { length }]) => (length === 1 ? call : `${length} times ${call}`));
}

/** `text` with what stands between the comments `<!-- name -->` and `<!-- /name -->` replaced. */
export function withBetween(text: string, name: string, replacement: string): string {
  const [begin, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`There is no place for ${name}.`);
  return `${text.slice(0, from + begin.length)}\n${replacement}\n\n${text.slice(to)}`;
}
