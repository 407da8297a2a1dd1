import type { Cell } from "./backup-file.ts";
import { linesOf } from "./text-lines.ts";

/** A row as `wrangler d1 export` writes it. */
export interface ExportedRow {
  readonly table: string;
  readonly columns: readonly string[];
  readonly cells: readonly Cell[];
  /**
   * Whether a cell holds a line break. The export writes line feeds as `\n` and does not mark a `\n` that was there
   * before: the two cannot be told apart, and both are read as line feeds here. Carriage returns likewise.
   */
  readonly hasLineBreaks: boolean;
}

/** Whether two texts are one to the export, which writes a line break and its escape sequence alike. */
export const areExportedAlike = (left: Cell, right: Cell): boolean => asExported(left) === asExported(right);

const asExported = (cell: Cell): Cell =>
  typeof cell === "string" ? cell.replaceAll("\n", "\\n").replaceAll("\r", "\\r") : cell;

const insertion = /^INSERT INTO ("(?:[^"]|"")*") ?\(((?:"(?:[^"]|"")*",? ?)+)\) VALUES ?\(/;
const quotedName = /"((?:[^"]|"")*)"/g;
const numberText = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const replacement = /,'(\\n|\\r)',char\((10|13)\)\)/y;

/**
 * Reads the rows out of what `wrangler d1 export` has written; statements of other kinds are passed over.
 * @throws {Error} when a row is written in a way that is not known: nothing must be left out of a backup
 */
export async function* exportedRows(file: string): AsyncGenerator<ExportedRow> {
  let unfinished: string | null = null;
  let number = 0;
  for await (const line of linesOf(file)) {
    number += 1;
    const text: string = unfinished === null ? line : `${unfinished}\n${line}`;
    unfinished = null;
    if (!text.startsWith("INSERT INTO ")) continue;
    const row = rowIn(text, number);
    if (row === null) unfinished = text;
    else yield row;
  }
  if (unfinished !== null) throw new Error(`The export breaks off in line ${number}.`);
}

/** @returns null when the text ends within a value, which then goes on in the next line */
function rowIn(text: string, line: number): ExportedRow | null {
  const [head, table = "", columns = ""] = insertion.exec(text) ?? [];
  if (head === undefined) throw new Error(`Line ${line} of the export is no insertion of a known form.`);
  const reader = new ValueReader(text, head.length, line);
  const cells: Cell[] = [];
  for (;;) {
    const cell = reader.next();
    if (cell === undefined) return null;
    cells.push(cell);
    if (reader.skip(",")) continue;
    if (!reader.skip(");")) throw new Error(`Line ${line} of the export has a value of an unknown form.`);
    const names = namesIn(columns);
    if (cells.length !== names.length) throw new Error(`Line ${line} of the export has another number of values.`);
    return { table: namesIn(table)[0] ?? "", columns: names, cells, hasLineBreaks: reader.hasLineBreaks };
  }
}

const namesIn = (text: string): readonly string[] =>
  [...text.matchAll(quotedName)].map(([, name = ""]) => name.replaceAll('""', '"'));

/** Reads SQL's literals, and the calls of `replace` around texts with line breaks, from left to right. */
class ValueReader {
  hasLineBreaks = false;
  readonly #text: string;
  readonly #line: number;
  #place: number;

  constructor(text: string, place: number, line: number) {
    this.#text = text;
    this.#place = place;
    this.#line = line;
  }

  skip(token: string): boolean {
    const isThere = this.#text.startsWith(token, this.#place);
    if (isThere) this.#place += token.length;
    return isThere;
  }

  /** @returns undefined when the text ends within the value */
  next(): Cell | undefined {
    if (this.skip("NULL")) return null;
    if (this.skip("replace(")) return this.#replaced();
    if (this.skip("'")) return this.#quoted();
    const number = this.#match(numberText)?.[0];
    if (number === undefined) throw new Error(`Line ${this.#line} of the export has a value of an unknown form.`);
    const value = Number(number);
    if (!Number.isSafeInteger(value))
      throw new Error(`Line ${this.#line} of the export has a number that is not safe.`);
    return value;
  }

  #replaced(): string | undefined {
    const inner = this.next();
    if (inner === undefined) return undefined;
    const [, sequence, code] = this.#match(replacement) ?? [];
    if (typeof inner !== "string" || sequence === undefined) {
      throw new Error(`Line ${this.#line} of the export has a value of an unknown form.`);
    }
    this.hasLineBreaks = true;
    return inner.replaceAll(sequence, String.fromCharCode(Number(code)));
  }

  #quoted(): string | undefined {
    for (let from = this.#place; ; ) {
      const end = this.#text.indexOf("'", from);
      if (end < 0) return undefined;
      if (this.#text[end + 1] === "'") {
        from = end + 2;
        continue;
      }
      const content = this.#text.slice(this.#place, end);
      this.#place = end + 1;
      return content.replaceAll("''", "'");
    }
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#place;
    const found = pattern.exec(this.#text);
    if (found !== null) this.#place = pattern.lastIndex;
    return found;
  }
}
