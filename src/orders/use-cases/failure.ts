/** Why an event cannot be shown or replayed. */
export type EventFailure =
  | { readonly code: "event_not_found"; readonly id: string }
  /** The event's customer has been erased: only the verdict is left. */
  | { readonly code: "event_forgotten"; readonly id: string };
