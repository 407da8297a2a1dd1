export type TokenFailure =
  /** No token, or one that cannot be trusted. `reason` is for the log, never for the client. */
  | { readonly code: "invalid_token"; readonly reason: string }
  /** An event whose signature was not made with one of the tenant's secrets. */
  | { readonly code: "invalid_signature" }
  /** The token's issuer cannot be reached, and its key is not known yet. */
  | { readonly code: "issuer_unavailable" };

export type ClientAuthenticationFailure =
  | { readonly code: "invalid_client" }
  | { readonly code: "unsupported_grant_type" }
  | { readonly code: "invalid_scope"; readonly scopes: readonly string[] };
