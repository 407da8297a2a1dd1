import type { Caller, FaultPoints } from "./fault-points.ts";

/**
 * An object with `members` and nothing else: whoever reaches for more is told so, because what is not wrapped here
 * would go to the platform without a number.
 */
export function onlyWith<Whole extends object>(what: string, members: Partial<Whole>): Whole {
  return new Proxy(members, {
    get(target, name) {
      if (name in target) return Reflect.get(target, name);
      // Looked for by whoever gets a value, and there on no binding.
      if (typeof name === "symbol" || name === "then" || name === "toJSON") return undefined;
      throw new Error(`${what}.${name} is not numbered: wrap it in test/support/faults/numbered-bindings.ts.`);
    },
  }) as Whole;
}

/** D1, with a point for each call. */
export class NumberedDatabase {
  readonly #points: FaultPoints;
  readonly #caller: Caller;
  readonly #real: D1Database;
  /** What the statements that were handed out stand for. */
  readonly #statements = new WeakMap<D1PreparedStatement, { real: D1PreparedStatement; sql: string }>();

  constructor(points: FaultPoints, caller: Caller, real: D1Database) {
    this.#points = points;
    this.#caller = caller;
    this.#real = real;
  }

  binding(): D1Database {
    return onlyWith<D1Database>("D1Database", {
      // What is read through a session has the same numbers as what is read without one.
      withSession: (start) => {
        const session = this.#real.withSession(start) as unknown as D1Database;
        return new NumberedDatabase(this.#points, this.#caller, session).binding() as unknown as D1DatabaseSession;
      },
      prepare: (sql) => this.#statement(this.#real.prepare(sql), sql),
      batch: <Row>(statements: D1PreparedStatement[]) => {
        const known = statements.map((statement) => this.#known(statement));
        // What only guards the others is named by them.
        const named = known.filter(({ sql }) => !/^insert .* from "tenants_away"/.test(sql));
        const name = `d1 batch: ${named.map(({ sql }) => aboutOf(sql)).join(", ")}`;
        return this.#pass(name, () => this.#real.batch<Row>(known.map(({ real }) => real)));
      },
    });
  }

  #statement(real: D1PreparedStatement, sql: string): D1PreparedStatement {
    const name = `d1 ${aboutOf(sql)}`;
    const wrapped = onlyWith<D1PreparedStatement>("D1PreparedStatement", {
      bind: (...values) => this.#statement(real.bind(...values), sql),
      all: <Row>() => this.#pass(name, () => real.all<Row>()),
      run: <Row>() => this.#pass(name, () => real.run<Row>()),
      first: <Row>(column?: string) =>
        this.#pass(name, () => (column === undefined ? real.first<Row>() : real.first<Row>(column))),
      raw: ((options?: { columnNames?: false }) => this.#pass(name, () => real.raw(options))) as never,
    });
    this.#statements.set(wrapped, { real, sql });
    return wrapped;
  }

  #known(statement: D1PreparedStatement): { real: D1PreparedStatement; sql: string } {
    const known = this.#statements.get(statement);
    if (known === undefined) throw new Error("A statement of a batch was not prepared here.");
    return known;
  }

  #pass<Value>(name: string, act: () => Promise<Value>): Promise<Value> {
    return this.#points.pass(this.#caller, name, act);
  }
}

/** What a statement does, and to which table. */
function aboutOf(sql: string): string {
  const text = sql.trim().toLowerCase();
  const [, verb = "?", table = "?"] =
    /^(insert) into ["`]?(\w+)/.exec(text) ??
    /^(update) ["`]?(\w+)/.exec(text) ??
    /^(delete) from ["`]?(\w+)/.exec(text) ??
    /^(?:with\b.*?\b)?(select) .*?\bfrom ["`]?(\w+)/s.exec(text) ??
    [];
  if (table === "?") throw new Error(`A statement without a name: ${sql}`);
  return `${verb} ${table}`;
}

/** KV, with a point for each call, named by what the key begins with. */
export function numberedKv(points: FaultPoints, caller: Caller, real: KVNamespace): KVNamespace {
  const point = <Value>(verb: string, key: string, act: () => Promise<Value>): Promise<Value> =>
    points.pass(caller, `kv ${verb} ${key.slice(0, key.indexOf("/"))}`, act);
  return onlyWith<KVNamespace>("KVNamespace", {
    get: ((key: string, type: "json") => point("get", key, () => real.get(key, type))) as never,
    put: (key, value, options) => point("put", key, () => real.put(key, value, options)),
    delete: ((key: string) => point("delete", key, () => real.delete(key))) as never,
  });
}

/** A limit of requests, with a point for each count. What is not numbered is not limited either. */
export const numberedLimit = (points: FaultPoints, caller: Caller, name: string, real: RateLimit): RateLimit =>
  onlyWith<RateLimit>("RateLimit", {
    limit: async (options) =>
      points.isNumbering ? points.pass(caller, `limit ${name}`, () => real.limit(options)) : { success: true },
  });

/** A `fetch`, with a point for each request, and one for the body of each answer. */
export function numberedFetch(
  points: FaultPoints,
  callerNow: () => Caller,
  real: (url: string, init: RequestInit) => Promise<Response>,
) {
  return async (url: string, init: RequestInit = {}): Promise<Response> => {
    const caller = callerNow();
    const name = `fetch ${init.method ?? "GET"} ${shapeOf(url)}`;
    const response = await points.pass(caller, name, () => real(url, init));
    if (response.body === null) return response;
    const bytes = new Uint8Array(await response.arrayBuffer());
    const body = new ReadableStream<Uint8Array>({
      async start(stream) {
        try {
          await points.pass(caller, `${name}, body`, async () => stream.enqueue(bytes));
          stream.close();
        } catch (error) {
          stream.error(error);
        }
      },
    });
    return new Response(body, { status: response.status, headers: response.headers });
  };
}

/** A path without what differs from run to run. */
const shapeOf = (url: string): string =>
  new URL(url).pathname.replace(/^(\/coupon\/)[^/]+(\/coupons)(\/[^/]+)?$/, (_, start, middle, code) =>
    [start, "{tenant}", middle, code === undefined ? "" : "/{code}"].join(""),
  );
