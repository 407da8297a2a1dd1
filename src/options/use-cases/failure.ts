/** Why a redeem option cannot be stored, or is not there. */
export type OptionFailure =
  | { readonly code: "option_version_conflict"; readonly id: string }
  | { readonly code: "option_exists"; readonly id: string }
  | { readonly code: "option_limit_reached"; readonly limit: number }
  /** With it, the tenant's options would be more bytes than a list of them may be. */
  | { readonly code: "option_texts_too_long"; readonly limitBytes: number }
  | { readonly code: "option_not_found"; readonly id: string };
