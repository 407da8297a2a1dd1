import type { EpochMs } from "../../platform/values/time.ts";
import type { EventId } from "./event-id.ts";

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
  /** When it became so; when its event came, where that does not say. */
  readonly moment: EpochMs;
  readonly state: State;
}

export const toldState = <State>(
  event: EventId,
  { moment }: StateStamp,
  receivedAt: EpochMs,
  state: State,
): ToldState<State> => ({ event, since: event, moment: moment ?? receivedAt, state });

/**
 * What is kept of all states of one order or return that were ever told: the one of the highest version, and the latest
 * of those without a version; of several of one version the latest, too. Which these are does not depend on the order in
 * which the events are processed.
 */
export interface LatestStates<State> {
  readonly version: number | null;
  readonly versioned: ToldState<State> | null;
  readonly unversioned: ToldState<State> | null;
}

/** Whether a state is later than another one: by their moments, and where these are the same, by the events' arrival. */
export const isLater = <State>(told: ToldState<State>, other: ToldState<State>): boolean =>
  told.moment === other.moment ? told.event >= other.event : told.moment > other.moment;

/** The latest state. What was deleted stays so, whatever comes later. */
export function latestOf<State>({ version, versioned, unversioned }: LatestStates<State>): ToldState<State> | null {
  if (versioned === null || unversioned === null) return versioned ?? unversioned;
  return version === lastVersion || isLater(versioned, unversioned) ? versioned : unversioned;
}
