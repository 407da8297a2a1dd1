/** Why a site's mixin cannot be stored or found. */
export type MixinFailure =
  /** An upstream service keeps the site's settings: a write here would have no effect. */
  | { readonly code: "settings_kept_upstream" }
  | { readonly code: "mixin_exists"; readonly mixinName: string; readonly siteCode: string }
  | { readonly code: "mixin_limit_reached"; readonly siteCode: string; readonly limit: number }
  | { readonly code: "mixin_not_found"; readonly mixinName: string };

/** Why a site cannot be stored, found or deleted. */
export type SiteFailure =
  | { readonly code: "site_not_found"; readonly siteCode: string }
  | { readonly code: "site_exists"; readonly siteCode: string }
  /** The client changes another version than the stored one. */
  | { readonly code: "site_version_conflict"; readonly siteCode: string }
  /** The request would leave the tenant without a default site. */
  | { readonly code: "default_site_needed"; readonly siteCode: string }
  | { readonly code: "site_limit_reached"; readonly limit: number }
  /** The mixins of a list's page are too long together. */
  | { readonly code: "mixins_too_long"; readonly limitCharacters: number };
