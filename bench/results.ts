/** What a measure has to reach. */
export interface Target {
  readonly kind: "at least" | "at most";
  readonly value: number;
}

/** A line of the results. */
export interface ResultRow {
  readonly measure: string;
  /** What it is measured in; ratios have none. */
  readonly unit: string;
  /** One number a run. */
  readonly values: readonly number[];
  readonly target: Target | null;
  /** What stands below the table, when there is something to say. */
  readonly remark?: string;
}

const sorted = (values: readonly number[]): readonly number[] => values.toSorted((left, right) => left - right);

/** The middle one of `values`, or the mean of the two in the middle; NaN when there is none. */
export function medianOf(values: readonly number[]): number {
  const inOrder = sorted(values);
  const half = inOrder.length >> 1;
  const upper = inOrder[half] ?? Number.NaN;
  return inOrder.length % 2 === 1 ? upper : ((inOrder[half - 1] ?? Number.NaN) + upper) / 2;
}

/** The value that `share` of the values do not exceed. */
export const quantileOf = (values: readonly number[], share: number): number =>
  sorted(values)[Math.min(values.length - 1, Math.ceil(values.length * share) - 1)] ?? Number.NaN;

/** Whether the median reaches the target. */
export const isMet = ({ values, target }: ResultRow): boolean => {
  if (target === null) return true;
  const median = medianOf(values);
  return target.kind === "at least" ? median >= target.value : median <= target.value;
};

/** Three digits that count; whole numbers as they are. */
function shown(value: number): string {
  if (Number.isNaN(value)) return "–";
  if (value >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString("en-US");
  return value.toPrecision(3);
}

/** The rows as a Markdown table: the smallest value, the median and the largest. */
export function tableOf(rows: readonly ResultRow[]): string {
  const cells = rows.map((row) => {
    const { measure, unit, values, target } = row;
    const inOrder = sorted(values);
    const all = [inOrder[0] ?? Number.NaN, medianOf(values), inOrder.at(-1) ?? Number.NaN];
    const range = new Set(values).size <= 1 ? shown(medianOf(values)) : all.map(shown).join(" – ");
    const sign = target?.kind === "at least" ? "≥" : "≤";
    return [
      measure,
      unit === "" ? range : `${range} ${unit}`,
      target === null ? "" : `${sign} ${shown(target.value)}`,
      target === null ? "" : isMet(row) ? "met" : "missed",
    ];
  });
  const header = ["measure", "min – median – max", "target", ""];
  const widths = header.map((title, column) =>
    Math.max(...[header, ...cells].map((row) => row[column]?.length ?? 0), title.length),
  );
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(header), rule, ...cells.map(line)].join("\n");
}
