import { isCurrency } from "../../platform/values/currency.ts";
import { defaultSiteCode, type SiteCode } from "../../platform/values/identifiers.ts";
import { memberAt, objectsIn } from "../../platform/values/json-member.ts";
import type { JsonObject } from "../../platform/values/json-object.ts";
import { isTimeZone } from "../../platform/values/time-zone.ts";

/** A site of a tenant. */
export interface Site {
  readonly code: SiteCode;
  /** Whether it is the tenant's default site. A tenant has exactly one. */
  readonly isDefault: boolean;
  /** Counts the changes from 1; 0 for the site `main` that nobody has stored yet. */
  readonly version: number;
  /** What the client gave, in the contract's words, without code, default, mixins and metadata. */
  readonly details: JsonObject;
}

/** ISO 4217's code for "no currency". */
export const noCurrency = "XXX";

/**
 * The site `main` of a tenant that has stored no default site. Where nothing is known, the codes of ISO 4217 and
 * ISO 3166 say so: no currency, and an unknown country.
 */
export const unstoredMain: Site = {
  code: defaultSiteCode,
  isDefault: true,
  version: 0,
  details: {
    name: defaultSiteCode,
    active: true,
    defaultLanguage: "en",
    languages: ["en"],
    currency: noCurrency,
    homeBase: { address: { country: "ZZ", zipCode: "" } },
    shipToCountries: [],
    taxDeterminationBasedOn: "BILLING_ADDRESS",
    cartCalculationScale: 2,
  },
};

export const isActive = ({ details }: Site): boolean => details["active"] !== false;

/** What a site's settings fall back to. */
export interface SiteFallbacks {
  /** ISO 4217 code; null when the site states none. */
  readonly currency: string | null;
  /** Name of the IANA database; null when the site states none. */
  readonly timeZone: string | null;
}

export const noFallbacks: SiteFallbacks = { currency: null, timeZone: null };

/** @param details those of a stored site, or of one at Emporix; null when there is none */
export function fallbacksOf(details: JsonObject | null): SiteFallbacks {
  const currency = details?.["currency"];
  const timeZone = details === null ? undefined : memberAt(details, "homeBase.timezone");
  return {
    currency: typeof currency === "string" && isCurrency(currency) ? currency : null,
    timeZone: typeof timeZone === "string" && isTimeZone(timeZone) ? timeZone : null,
  };
}

/** The members of a site that list configurations of services. */
export const serviceMembers = ["shipping", "payment", "tax"] as const;
export type ServiceMember = (typeof serviceMembers)[number];
export const serviceViews = ["all", "active", "none"] as const;
export type ServiceView = (typeof serviceViews)[number];

/** Which parts of a site a request is about. */
export interface Expansion extends Readonly<Record<ServiceMember, ServiceView>> {
  /** Names of mixins. */
  readonly mixins: "all" | readonly string[];
}

/** What a request sees that does not say. */
export const activeServices: Expansion = { shipping: "active", payment: "active", tax: "active", mixins: [] };

export const isExpanded = ({ mixins }: Expansion): boolean => mixins === "all" || mixins.length > 0;

const isShown = (view: ServiceView, service: JsonObject): boolean =>
  view === "all" || (view === "active" && service["active"] !== false);

/**
 * A site's details as a caller may see them. Lists of services are always there, because published clients rely on it.
 * @param showsRestricted whether the caller sees what services keep `restricted`
 */
export function shownDetails(details: JsonObject, expansion: Expansion, showsRestricted: boolean): JsonObject {
  const lists = serviceMembers.map((member) => {
    const view = expansion[member];
    if (view === "none") return [member, undefined] as const;
    const shown = objectsIn(details[member]).filter((service) => isShown(view, service));
    return [member, showsRestricted ? shown : shown.map(withoutRestricted)] as const;
  });
  return { ...details, ...Object.fromEntries(lists) };
}

function withoutRestricted(service: JsonObject): JsonObject {
  const { configuration, ...rest } = service;
  const open = memberAt(service, "configuration.public");
  if (configuration === undefined) return rest;
  return { ...rest, configuration: open === undefined ? {} : { public: open } };
}

/**
 * `next` with the services of `current` that a request with `expansion` cannot see. A request that gives a service with
 * the same id replaces it.
 * @param members the lists that the request gives
 */
export function withUnseenServices(
  next: JsonObject,
  current: JsonObject,
  expansion: Expansion,
  members: readonly ServiceMember[] = serviceMembers,
): JsonObject {
  const lists = members.flatMap((member) => {
    const given = objectsIn(next[member]);
    const isGiven = ({ id }: JsonObject) => id !== undefined && given.some((service) => service["id"] === id);
    const unseen = objectsIn(current[member]).filter(
      (service) => !isShown(expansion[member], service) && !isGiven(service),
    );
    return unseen.length === 0 ? [] : [[member, [...given, ...unseen]] as const];
  });
  return { ...next, ...Object.fromEntries(lists) };
}
