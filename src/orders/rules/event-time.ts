import { memberAt } from "../../platform/values/json-member.ts";
import { isJsonObject, type JsonObject } from "../../platform/values/json-object.ts";
import type { EpochMs } from "../../platform/values/time.ts";

/** ISO 8601: a date and a time, in UTC where it has no zone. */
const instantPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?$/;

/**
 * When what an event tells of happened: the envelope's `time`, else the `metadata.modifiedAt` of what it is about. What is
 * deleted was modified at some time before: of a deletion, only the envelope tells. Null when the event does not say so,
 * or not as ISO 8601.
 * @param type its name, as it is read
 */
export function eventTime(event: JsonObject, type: string): EpochMs | null {
  const { payload } = event;
  const subject = isJsonObject(payload) ? payload : event;
  const modified = type.endsWith(".deleted") ? null : momentOf(memberAt(subject, "metadata.modifiedAt"));
  return momentOf(memberAt(event, "time")) ?? modified;
}

function momentOf(given: unknown): EpochMs | null {
  const parts = typeof given === "string" ? instantPattern.exec(given) : null;
  if (parts === null) return null;
  const moment = Date.parse(parts[3] === undefined ? `${parts[0]}Z` : parts[0]);
  return Number.isNaN(moment) ? null : (moment as EpochMs);
}
