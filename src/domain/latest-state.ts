import type { EventId } from "./order-event.ts";
import type { EpochMs } from "./time.ts";

/** What tells which of two states of one order or return is the later one. */
export interface StateStamp {
  /** Of the document, from 1; null where the event does not say. */
  readonly version: number | null;
  /** When it became so; null where the event does not say. */
  readonly moment: EpochMs | null;
}

/** Of what was deleted: it stays deleted, whatever comes later. */
export const lastVersion = Number.MAX_SAFE_INTEGER;

/** A state with the event that told it. */
export interface ToldState<State> {
  readonly event: EventId;
  /** The first of the events that told the same state one after another. */
  readonly since: EventId;
  readonly moment: EpochMs | null;
  readonly state: State;
}

/**
 * What is kept of all states of one order or return that were ever told: the one of the highest version, and the latest
 * of those without a version. Which these are does not depend on the order in which the events came.
 */
export interface LatestStates<State> {
  readonly version: number | null;
  readonly versioned: ToldState<State> | null;
  readonly unversioned: ToldState<State> | null;
}

/** The latest state: by the moments that both tell, else by the order in which the events came. */
export function latestOf<State>({ version, versioned, unversioned }: LatestStates<State>): ToldState<State> | null {
  if (versioned === null || unversioned === null) return versioned ?? unversioned;
  if (version === lastVersion) return versioned;
  const isTimed = versioned.moment !== null && unversioned.moment !== null && versioned.moment !== unversioned.moment;
  const isLater = isTimed ? (versioned.moment ?? 0) > (unversioned.moment ?? 0) : versioned.event >= unversioned.event;
  return isLater ? versioned : unversioned;
}
