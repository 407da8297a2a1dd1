/** What happens to one call to the database. */
export type D1Fault =
  | null
  /** Rejects with this message, and does nothing. */
  | { readonly before: string }
  /** Does it, and rejects with this message: the answer was lost. */
  | { readonly after: string }
  | "hang";

/** A call: the statements of a batch, or the one of a single call. */
export type D1Call = readonly { readonly sql: string; readonly parameters: readonly unknown[] }[];

const faultyMethods: readonly (string | symbol)[] = ["first", "all", "raw", "run"];

/**
 * A database with something in between.
 * @param faultOf is asked before every call
 */
export function faultyD1(database: D1Database, faultOf: (call: D1Call) => D1Fault): D1Database {
  const texts = new WeakMap<object, D1Call[number]>();
  const originals = new WeakMap<object, D1PreparedStatement>();

  const through = async <Answer>(call: D1Call, act: () => Promise<Answer>): Promise<Answer> => {
    const fault = faultOf(call);
    if (fault === "hang") return new Promise(() => {});
    if (fault !== null && "before" in fault) throw new Error(fault.before);
    const answer = await act();
    if (fault !== null) throw new Error(fault.after);
    return answer;
  };

  const wrap = (statement: D1PreparedStatement, sql: string, parameters: readonly unknown[]): D1PreparedStatement => {
    const text = { sql, parameters };
    const wrapped = new Proxy(statement, {
      get(target, name) {
        if (name === "bind") return (...values: unknown[]) => wrap(target.bind(...values), sql, values);
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        if (!faultyMethods.includes(name)) return member.bind(target);
        return (...given: unknown[]) => through([text], () => member.apply(target, given));
      },
    });
    texts.set(wrapped, text);
    originals.set(wrapped, statement);
    return wrapped;
  };

  return new Proxy(database, {
    get(target, name) {
      if (name === "prepare") return (sql: string) => wrap(target.prepare(sql), sql, []);
      if (name === "withSession") {
        return (start: string) => faultyD1(target.withSession(start) as unknown as D1Database, faultOf);
      }
      if (name === "batch") {
        return (statements: readonly D1PreparedStatement[]) =>
          through(
            statements.flatMap((statement) => texts.get(statement) ?? []),
            () => target.batch(statements.map((statement) => originals.get(statement) ?? statement)),
          );
      }
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
