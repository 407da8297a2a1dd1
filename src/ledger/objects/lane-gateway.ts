import type { Clock } from "../../platform/runtime/ports.ts";
import { StoreOverloaded, StoreUnavailable } from "../../platform/runtime/store-errors.ts";
import { systemClock } from "../../platform/runtime/system-clock.ts";
import { withinDeadline } from "../../platform/runtime/within-deadline.ts";
import { d1DeadlineMs } from "../../platform/storage/answered.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { LedgerKey } from "../rules/ledger-key.ts";
import type { JoinableCommit, JoinedCommits } from "../storage/ledger-store.ts";
import { type CommitError, errorOf, gatheringLimits } from "./commit-gathering.ts";
import { type CommitLane, laneName, otherVersion } from "./commit-lane.ts";
import { ledgerName } from "./ledger-name.ts";

/** How many lanes a database has and where they are created; see src/env.ts. */
interface LaneConfiguration {
  readonly COMMIT_LANES: number;
  readonly COMMIT_LANE_LOCATION: DurableObjectLocationHint | null;
}

/** Reaches the lanes of one database. */
export class LaneGateway implements JoinedCommits {
  readonly #binding: string;
  readonly #lanes: number;
  readonly #laneNamed: (name: string) => Pick<DurableObjectStub<CommitLane>, "commit">;
  readonly #clock: Clock;

  /**
   * @param binding the name of the database's binding
   * @param lanes how many lanes the database has
   */
  constructor(
    binding: string,
    lanes: number,
    laneNamed: (name: string) => Pick<DurableObjectStub<CommitLane>, "commit">,
    clock: Clock = systemClock,
  ) {
    this.#binding = binding;
    this.#lanes = lanes;
    this.#laneNamed = laneNamed;
    this.#clock = clock;
  }

  /** Null when no lanes are configured. */
  static to(
    binding: string,
    bindings: Pick<Cloudflare.Env, "COMMIT_LANE">,
    configuration: LaneConfiguration,
  ): LaneGateway | null {
    const { COMMIT_LANES: lanes, COMMIT_LANE_LOCATION: locationHint } = configuration;
    if (lanes === 0) return null;
    const options = locationHint === null ? {} : { locationHint };
    return new LaneGateway(binding, lanes, (name) => bindings.COMMIT_LANE.getByName(name, options));
  }

  async commit(key: LedgerKey, { texts, bytes, version }: JoinableCommit): Promise<boolean> {
    const ledger = ledgerName(key);
    const beginUntil = (this.#clock.now() + gatheringLimits.waitMsMax) as EpochMs;
    const lane = this.#laneNamed(laneName(this.#binding, hashOf(ledger) % this.#lanes));
    const silence = () => new StoreUnavailable(`The lane did not answer within ${d1DeadlineMs} ms.`);
    const sent = async (): Promise<CommitError | null> => lane.commit({ ledger, texts, bytes, beginUntil }, version);
    const error = await withinDeadline(sent(), d1DeadlineMs, silence).catch((failure) => Promise.reject(lost(failure)));
    if (error?.name === otherVersion) return false;
    if (error !== null) throw errorOf(error);
    return true;
  }
}

/** What a failed call to a lane means for the commit: an unknown outcome, unless the runtime did not let it through. */
function lost(failure: unknown): Error {
  if (failure instanceof StoreUnavailable) return failure;
  const isOverloaded = typeof failure === "object" && failure !== null && Reflect.get(failure, "overloaded") === true;
  return isOverloaded ? new StoreOverloaded("The lane is overloaded.") : new StoreUnavailable("The lane was lost.");
}

/** FNV-1a, 32 bits. It spreads ledgers evenly, and is the same in every version of the service. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return hash;
}
