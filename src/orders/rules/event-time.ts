import { memberAt } from "../../platform/values/json-member.ts";
import { isJsonObject, type JsonObject } from "../../platform/values/json-object.ts";
import type { EpochMs } from "../../platform/values/time.ts";

/** ISO 8601: a date and a time; UTC if it has no zone. */
const instantPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?$/;

/**
 * When the reported change happened: the envelope's `time`, else the `metadata.modifiedAt` of what changed. Deletions
 * go by the envelope alone, because what was deleted was last modified some time before. Null when the event does not
 * say, or not in ISO 8601.
 * @param type the event's name, as it was read
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
