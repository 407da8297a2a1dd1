import type { EpochMs } from "../../platform/values/time.ts";
import type { Change, Source } from "../rules/change.ts";
import type { ChangeSource } from "./ports.ts";

/** A number of changes, and the moment up to which all changes have been read. */
export interface ChangesRead {
  readonly changes: readonly Change[];
  readonly until: EpochMs;
}

/**
 * Reads what has changed since a moment, page by page. Each page begins at the last change of the page before, and not
 * at a page number: a document that changes meanwhile moves to the end, and would push others over the edge of a page.
 * What was on the page before is left out.
 * @returns whether everything was read; false when the service did not answer, or not in the order of the changes
 */
export async function* changesSince(
  { page }: Pick<ChangeSource, "page">,
  source: Source,
  since: EpochMs,
): AsyncGenerator<ChangesRead, boolean> {
  let bound = since;
  let pageNumber = 1;
  let before: ReadonlySet<string> = new Set();
  for (;;) {
    const read = await page(source, bound, pageNumber);
    if (read === null) return false;
    const moments = read.changes.flatMap(({ at }) => at ?? []);
    // Without the order asked for, the last change is not the latest, and others would be left out.
    if (moments.some((at, index) => at < (moments[index - 1] ?? bound))) return false;
    const until = moments.at(-1) ?? bound;
    const texts = read.changes.map(({ event }) => JSON.stringify(event));
    yield { changes: read.changes.filter((_, index) => !before.has(texts[index] ?? "")), until };
    if (!read.isFull) return true;
    // More changes at one moment than a page holds are read by page number.
    pageNumber = until > bound ? 1 : pageNumber + 1;
    bound = until;
    before = new Set(texts);
  }
}
