/** Why a redeem option cannot be stored or found. */
export type OptionFailure =
  | { readonly code: "option_version_conflict"; readonly id: string }
  | { readonly code: "option_exists"; readonly id: string }
  | { readonly code: "option_limit_reached"; readonly limit: number }
  /** With this option, all options of the tenant would have more bytes than a list of them may have. */
  | { readonly code: "option_texts_too_long"; readonly limitBytes: number }
  | { readonly code: "option_not_found"; readonly id: string };
