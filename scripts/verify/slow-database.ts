import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** The module beside `worker.js` that {@link slowDown} writes. */
export const slowWorker = "slow-worker.js";

/**
 * Puts a Worker beside the one in `folder` that is the same, but for its database: each call of D1 takes `ms` longer,
 * as one does that is far away or ill.
 */
export function slowDown(folder: string, ms: number): void {
  writeFileSync(
    join(folder, slowWorker),
    `
    import worker, { CommitLane as Lane, CustomerLedger as Ledger } from "./worker.js";

    const calls = new Set(["all", "first", "raw", "run"]);
    const statements = new WeakMap();
    const later = async (call) => {
      await scheduler.wait(${ms});
      return call();
    };
    const slowStatement = (statement) => {
      const slow = new Proxy(statement, {
        get(target, name) {
          if (name === "bind") return (...values) => slowStatement(target.bind(...values));
          return calls.has(name) ? (...values) => later(() => target[name](...values)) : target[name];
        },
      });
      statements.set(slow, statement);
      return slow;
    };
    const slowDatabase = (database) => ({
      prepare: (sql) => slowStatement(database.prepare(sql)),
      batch: (batch) => later(() => database.batch(batch.map((slow) => statements.get(slow)))),
      withSession: (constraint) => slowDatabase(database.withSession(constraint)),
      getBookmark: () => database.getBookmark(),
    });
    let slowEnv = null;
    const slowed = (env) => (slowEnv ??= { ...env, DB: slowDatabase(env.DB) });

    export class CustomerLedger extends Ledger {
      constructor(state, env) {
        super(state, slowed(env));
      }
    }

    export class CommitLane extends Lane {
      constructor(state, env) {
        super(state, slowed(env));
      }
    }

    export default {
      fetch: (request, env, context) => worker.fetch(request, slowed(env), context),
      queue: (batch, env, context) => worker.queue(batch, slowed(env), context),
      scheduled: (event, env, context) => worker.scheduled(event, slowed(env), context),
    };`,
  );
}
