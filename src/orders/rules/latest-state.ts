import type { EpochMs } from "../../platform/values/time.ts";
import type { EventId } from "./event-id.ts";

/** Decides which of two states of one order or return is the later one. */
export interface StateVersion {
  /** The document's version, from 1; null when the event does not say. */
  readonly version: number | null;
  /** When this state came about; null when the event does not say. */
  readonly moment: EpochMs | null;
}

/** The version of something deleted: it stays deleted, whatever comes later. */
export const lastVersion = Number.MAX_SAFE_INTEGER;

/** A state with the event that reported it. */
export interface ReportedState<State> {
  readonly event: EventId;
  /** The first of consecutive events that reported the same state. */
  readonly since: EventId;
  /** When this state came about; when its event arrived, if the event does not say. */
  readonly moment: EpochMs;
  readonly state: State;
}

export const reportedState = <State>(
  event: EventId,
  { moment }: StateVersion,
  receivedAt: EpochMs,
  state: State,
): ReportedState<State> => ({ event, since: event, moment: moment ?? receivedAt, state });

/**
 * What is kept of all states ever reported for one order or return: the state with the highest version, and the latest
 * of the states without a version. Of several states with one version, the latest is kept. The order in which the
 * events are processed makes no difference.
 */
export interface LatestStates<State> {
  readonly version: number | null;
  readonly versioned: ReportedState<State> | null;
  readonly unversioned: ReportedState<State> | null;
}

/** Whether a state is later than another: by moment, and for equal moments by the arrival of their events. */
export const isLater = <State>(told: ReportedState<State>, other: ReportedState<State>): boolean =>
  told.moment === other.moment ? told.event >= other.event : told.moment > other.moment;

/** The latest state. What was deleted stays deleted, whatever comes later. */
export function latestOf<State>({ version, versioned, unversioned }: LatestStates<State>): ReportedState<State> | null {
  if (versioned === null || unversioned === null) return versioned ?? unversioned;
  return version === lastVersion || isLater(versioned, unversioned) ? versioned : unversioned;
}
