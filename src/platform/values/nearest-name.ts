/** Longer names are not typing errors. */
const nameLengthMax = 64;

/**
 * The one of `names` that `given` probably stands for: the one with the fewest wrong, missing, extra or swapped
 * letters, and no more than a third of its letters. Case does not matter.
 * @returns null when no name is that close
 */
export function nearestName(given: string, names: readonly string[]): string | null {
  if (given.length > nameLengthMax) return null;
  const [nearest] = names
    .map((name) => ({ name, slips: slipsBetween(given.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, slips }) => slips <= Math.ceil(name.length / 3))
    .sort((left, right) => left.slips - right.slips);
  return nearest?.name ?? null;
}

/** A hint for a client that gave a name that is not among `names`. */
export function hintFor(given: string, names: readonly string[]): string {
  const nearest = nearestName(given, names);
  return nearest === null ? `known are ${names.join(", ")}` : `did you mean ${nearest}?`;
}

/** The optimal string alignment distance. */
function slipsBetween(left: string, right: string): number {
  const at = (row: readonly number[] | undefined, index: number): number => row?.[index] ?? Number.POSITIVE_INFINITY;
  let before: readonly number[] | undefined;
  let previous: readonly number[] = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const same = left[i - 1] === right[j - 1] ? 0 : 1;
      const isSwapped = left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1];
      const swapped = isSwapped ? at(before, j - 2) + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(at(previous, j) + 1, at(row, j - 1) + 1, at(previous, j - 1) + same, swapped));
    }
    before = previous;
    previous = row;
  }
  return at(previous, right.length);
}
