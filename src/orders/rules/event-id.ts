import type { Branded } from "../../platform/values/branded.ts";

/** The id under which an event was taken in (UUIDv7), with a suffix for the parts of an event that was split. */
export type EventId = Branded<string, "EventId">;
