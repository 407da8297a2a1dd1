import type { Branded } from "../../platform/values/branded.ts";

/** The id that an event got when it was received (UUIDv7), with a suffix for further orders of a return. */
export type EventId = Branded<string, "EventId">;
