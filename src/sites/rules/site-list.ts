import type { Site } from "./site.ts";

/** The fields that lists of sites can be filtered by. */
export const filterFields = [
  "code",
  "name",
  "active",
  "default",
  "defaultLanguage",
  "languages",
  "currency",
  "availableCurrencies",
  "shipToCountries",
] as const;
export type FilterField = (typeof filterFields)[number];

/** The fields that lists of sites can be sorted by. */
export const sortFields = ["code", "name", "active", "default", "defaultLanguage", "currency"] as const;
export type SortField = (typeof sortFields)[number];

/** A condition on a field. A list fulfils it with any of its items. */
export interface SiteTerm {
  readonly field: FilterField;
  /** Any of them will do. */
  readonly values: readonly string[];
  /** Whether a value may be any part of the field, in any case, instead of all of it. */
  readonly isPart: boolean;
}

export interface SiteOrder {
  readonly field: SortField;
  readonly descending: boolean;
}

const fieldOf = ({ code, isDefault, details }: Site, field: FilterField): unknown => {
  if (field === "code") return code;
  return field === "default" ? isDefault : details[field];
};

const textsOf = (site: Site, field: FilterField): readonly string[] =>
  [fieldOf(site, field)]
    .flat()
    .filter((value) => value !== undefined)
    .map(String);

/** Whether a site fulfils all terms. */
export const fits = (site: Site, terms: readonly SiteTerm[]): boolean =>
  terms.every(({ field, values, isPart }) =>
    textsOf(site, field).some((text) =>
      values.some((value) => (isPart ? text.toLowerCase().includes(value.toLowerCase()) : text === value)),
    ),
  );

/** Compares sites by `orders`, the first one first, and in the end by their codes. */
export function compareSites(left: Site, right: Site, orders: readonly SiteOrder[]): number {
  for (const { field, descending } of [...orders, { field: "code", descending: false } as const]) {
    const [[a = ""], [b = ""]] = [textsOf(left, field), textsOf(right, field)];
    if (a !== b) return (a < b ? -1 : 1) * (descending ? -1 : 1);
  }
  return 0;
}
