import { DurableObject } from "cloudflare:workers";
import { drizzle } from "drizzle-orm/d1";
import { boundDatabase } from "../../env.ts";
import { jsonLogger } from "../../platform/runtime/json-logger.ts";
import { systemClock } from "../../platform/runtime/system-clock.ts";
import { answered } from "../../platform/storage/answered.ts";
import { commitVersion, joinedStatements } from "../storage/commit-statements.ts";
import { type CommitError, CommitGathering, type CommitPart } from "./commit-gathering.ts";

/** The name of a lane's object. A binding's name contains no slash. */
export const laneName = (binding: string, lane: number): string => `${binding}/${lane}`;

/** A lane's answer to a ledger that runs another version of the service. */
export const otherVersion = "OtherVersion";

/**
 * Sends the commits of many ledgers to one database, several at a time. Its name is the database's binding and a
 * number. It holds no data, no memory of what is stored and no rules. A ledger that gets no answer asks the database.
 */
export class CommitLane extends DurableObject<Cloudflare.Env> {
  readonly #version: string;
  readonly #gathering: CommitGathering;

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env);
    const binding = state.id.name?.split("/")[0] ?? "";
    const database = boundDatabase(env, binding);
    this.#version = commitVersion(drizzle(database));
    this.#gathering = new CommitGathering({
      carryOut: (commits) => answered(database.batch([...joinedStatements(database, commits)])),
      clock: systemClock,
      pause: (ms) => scheduler.wait(ms),
      log: jsonLogger({ component: "commit-lane", database: binding }),
    });
  }

  /**
   * Carries out `part`. Null means success.
   * @param version the version of the statements that the ledger would use
   */
  async commit(part: CommitPart, version: string): Promise<CommitError | null> {
    if (version === this.#version) return this.#gathering.commit(part);
    return { name: otherVersion, message: "The lane runs another version of the service." };
  }
}
