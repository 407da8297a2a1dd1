/** Why a site's mixin cannot be stored, or is not there. */
export type MixinFailure =
  /** The site's settings are kept by a service elsewhere: what is written here would not count. */
  | { readonly code: "settings_kept_elsewhere" }
  | { readonly code: "mixin_exists"; readonly mixinName: string; readonly siteCode: string }
  | { readonly code: "mixin_limit_reached"; readonly siteCode: string; readonly limit: number }
  | { readonly code: "mixin_not_found"; readonly mixinName: string };
