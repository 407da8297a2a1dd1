import { env } from "cloudflare:workers";

/** A statement as it was sent to D1. */
export interface SentStatement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** Rows that D1 says to have read and written: what it charges for. An index that is written to counts, too. */
export interface RowCounts {
  readonly read: number;
  readonly written: number;
}

/** All that was sent to D1 while somebody listened. */
export class DatabaseRecord {
  readonly #isListening: () => boolean;
  readonly statements: SentStatement[] = [];
  /** By statement; null for joins that are asked for as lists of values. */
  readonly #rows: (RowCounts | null)[] = [];

  /** @param isListening is asked with each call: whose it is */
  constructor(isListening: () => boolean) {
    this.#isListening = isListening;
  }

  get isListening(): boolean {
    return this.#isListening();
  }

  note(rows: RowCounts | null): void {
    this.#rows.push(rows);
  }

  /** Forgets what was sent so far. */
  clear(): void {
    this.statements.length = 0;
    this.#rows.length = 0;
  }

  /** Of all statements together; null when D1 has not told it for each of them. */
  get rowCounts(): RowCounts | null {
    return this.#rows.reduce<RowCounts | null>(
      (sum, rows) =>
        sum === null || rows === null ? null : { read: sum.read + rows.read, written: sum.written + rows.written },
      { read: 0, written: 0 },
    );
  }
}

const isDatabase = (binding: unknown): binding is D1Database =>
  typeof binding === "object" && binding !== null && "prepare" in binding && "batch" in binding;

/** From here on, every D1 database that is bound is recorded. */
export function recordDatabases(record: DatabaseRecord): void {
  for (const [name, binding] of Object.entries(env)) {
    if (!isDatabase(binding)) continue;
    Object.defineProperty(env, name, { value: recorded(binding, record), enumerable: true });
  }
}

/** A database, or a session with one. */
function recorded<Target extends D1Database | D1DatabaseSession>(target: Target, record: DatabaseRecord): Target {
  const originals = new WeakMap<object, { readonly statement: D1PreparedStatement; readonly sent: SentStatement }>();
  const note = ({ meta }: D1Result<unknown>): void => {
    record.note({ read: meta.rows_read, written: meta.rows_written });
  };

  const wrap = (statement: D1PreparedStatement, sent: SentStatement): D1PreparedStatement => {
    const all = async <Row>(): Promise<D1Result<Row>> => {
      record.statements.push(sent);
      const result = await statement.all<Row>();
      note(result);
      return result;
    };
    const raw = async (options?: { columnNames?: false }): Promise<unknown[][]> => {
      // Where two columns have one name, an object has room for one of them only.
      if (!/\bjoin\b/i.test(sent.sql)) return (await all<object>()).results.map((row) => Object.values(row));
      record.statements.push(sent);
      record.note(null);
      return statement.raw(options);
    };
    const first = async (column?: string): Promise<unknown> => {
      const [row] = (await all<Record<string, unknown>>()).results;
      return row === undefined ? null : column === undefined ? row : row[column];
    };
    const calls: Record<string | symbol, unknown> = { all, run: all, raw, first };
    const wrapped = new Proxy(statement, {
      get(_, name) {
        if (name === "bind") {
          return (...parameters: unknown[]) => wrap(statement.bind(...parameters), { ...sent, parameters });
        }
        if (name in calls && record.isListening) return calls[name];
        const member: unknown = Reflect.get(statement, name, statement);
        return typeof member === "function" ? member.bind(statement) : member;
      },
    });
    originals.set(wrapped, { statement, sent });
    return wrapped;
  };

  const batch = async (statements: readonly D1PreparedStatement[]): Promise<D1Result[]> => {
    const known = statements.map((statement) => {
      const original = originals.get(statement);
      if (original === undefined) throw new Error("A statement of a batch was prepared elsewhere.");
      return original;
    });
    const isListening = record.isListening;
    if (isListening) record.statements.push(...known.map(({ sent }) => sent));
    const results = await target.batch(known.map(({ statement }) => statement));
    if (isListening) results.forEach(note);
    return results;
  };

  return new Proxy(target, {
    get(_, name) {
      if (name === "prepare") return (sql: string) => wrap(target.prepare(sql), { sql, parameters: [] });
      if (name === "batch") return batch;
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      if (name !== "withSession") return member.bind(target);
      return (...given: unknown[]) => recorded(member.apply(target, given) as D1DatabaseSession, record);
    },
  });
}
