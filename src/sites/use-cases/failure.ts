/** Why a site's mixin cannot be stored or found. */
export type MixinFailure =
  /** An upstream service keeps the site's settings: a write here would have no effect. */
  | { readonly code: "settings_kept_upstream" }
  | { readonly code: "mixin_exists"; readonly mixinName: string; readonly siteCode: string }
  | { readonly code: "mixin_limit_reached"; readonly siteCode: string; readonly limit: number }
  | { readonly code: "mixin_not_found"; readonly mixinName: string };
