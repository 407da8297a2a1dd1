import { createHash } from "node:crypto";
import { createReadStream, renameSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { z } from "zod";
import { linesOf } from "./text-lines.ts";

// One file holds one database, in lines of JSON: what it is, then each table's name and columns followed by its rows,
// and at the end how many rows there are, which a file that was cut off lacks.

/** What a column of a row can hold. No table has REAL or BLOB columns. */
export type Cell = string | number | null;

const headShape = z.object({
  format: z.literal("reward-points-backup"),
  version: z.literal(1),
  /** Of the database that was backed up. */
  binding: z.string(),
  madeAt: z.string(),
  /** Which database held which tenant. */
  tenantDatabases: z.record(z.string(), z.string()),
});
const tableShape = z.object({ table: z.string(), columns: z.array(z.string()) });
const endShape = z.object({ rows: z.record(z.string(), z.number()) });
const rowShape = z.array(z.union([z.string(), z.number(), z.null()]));

/** What a backup says of itself. */
export type BackupHead = Omit<z.output<typeof headShape>, "format" | "version">;

/** A table's row in a backup. */
export interface BackupRow {
  readonly table: string;
  readonly columns: readonly string[];
  readonly cells: readonly Cell[];
}

/** What has been found out about a backup by reading all of it. */
export interface BackupSummary {
  readonly head: BackupHead;
  /** The migrations that the database had seen, in their order. */
  readonly migrations: readonly string[];
  /** How many rows there are, by table. */
  readonly rows: Readonly<Record<string, number>>;
  /** SHA-256 of the file. */
  readonly digest: string;
}

/** wrangler's table; its rows are made by applying the migrations. */
export const migrationsTableName = "d1_migrations";

/** Writes a backup. The file has its name only when it is complete. */
export class BackupWriter {
  readonly #file: string;
  readonly #handle: FileHandle;
  readonly #rows: Record<string, number> = {};
  #heading = "";
  #waiting: string[] = [];
  #characters = 0;

  private constructor(file: string, handle: FileHandle) {
    this.#file = file;
    this.#handle = handle;
  }

  /** The file is its owner's alone: it holds customers' data. */
  static async create(file: string, head: BackupHead): Promise<BackupWriter> {
    const writer = new BackupWriter(file, await open(`${file}.part`, "w", 0o600));
    await writer.#line({ format: "reward-points-backup", version: 1, ...head });
    return writer;
  }

  async add({ table, columns, cells }: BackupRow): Promise<void> {
    const heading = JSON.stringify({ table, columns });
    if (heading !== this.#heading) await this.#line({ table, columns });
    this.#heading = heading;
    await this.#line(cells);
    this.#rows[table] = (this.#rows[table] ?? 0) + 1;
  }

  /** @returns how many rows were written, by table */
  async finish(): Promise<Readonly<Record<string, number>>> {
    await this.#line({ rows: this.#rows });
    await this.#flush();
    await this.#handle.sync();
    await this.#handle.close();
    renameSync(`${this.#file}.part`, this.#file);
    return this.#rows;
  }

  async #line(value: unknown): Promise<void> {
    const line = JSON.stringify(value);
    this.#waiting.push(line, "\n");
    this.#characters += line.length;
    if (this.#characters > 1 << 20) await this.#flush();
  }

  async #flush(): Promise<void> {
    const text = this.#waiting.join("");
    [this.#waiting, this.#characters] = [[], 0];
    await this.#handle.appendFile(text);
  }
}

/** @throws {Error} when the file is no backup, or is not complete */
export async function summaryOf(file: string): Promise<BackupSummary> {
  const reader = new BackupReader(file);
  const rows: Record<string, number> = {};
  const migrations: string[] = [];
  for await (const { table, columns, cells } of reader.rows()) {
    rows[table] = (rows[table] ?? 0) + 1;
    if (table === migrationsTableName) migrations.push(String(cells[columns.indexOf("name")]));
  }
  const { head, end } = reader;
  if (head === null || end === null || !isEqual(end, rows)) throw new Error(`${file} is not a complete backup.`);
  return { head, rows, migrations: migrations.sort(), digest: await digestOf(file) };
}

/** The rows of a backup, in their order. */
export const rowsOf = (file: string): AsyncGenerator<BackupRow> => new BackupReader(file).rows();

class BackupReader {
  head: BackupHead | null = null;
  /** How many rows the file says that it has; null when it breaks off. */
  end: Readonly<Record<string, number>> | null = null;
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  async *rows(): AsyncGenerator<BackupRow> {
    let heading: z.output<typeof tableShape> | null = null;
    for await (const line of linesOf(this.#file)) {
      const value = this.#parsed(line);
      if (this.head === null) {
        const { data } = headShape.safeParse(value);
        if (data === undefined) throw new Error(`${this.#file} is not a backup of this service.`);
        this.head = data;
      } else if (Array.isArray(value) && heading !== null) {
        yield { ...heading, cells: rowShape.parse(value) };
      } else {
        this.end = endShape.safeParse(value).data?.rows ?? null;
        heading = tableShape.safeParse(value).data ?? heading;
      }
    }
  }

  #parsed(line: string): unknown {
    try {
      return JSON.parse(line);
    } catch {
      throw new Error(`${this.#file} is not a complete backup.`);
    }
  }
}

const isEqual = (left: Readonly<Record<string, number>>, right: Readonly<Record<string, number>>): boolean =>
  JSON.stringify(Object.entries(left).sort()) === JSON.stringify(Object.entries(right).sort());

async function digestOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest("hex");
}
