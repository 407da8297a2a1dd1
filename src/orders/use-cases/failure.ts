/** Why an event cannot be told of. */
export type EventFailure =
  | { readonly code: "event_not_found"; readonly id: string }
  /** The event's customer has been erased: what became of it is known, and nothing else. */
  | { readonly code: "event_forgotten"; readonly id: string };
