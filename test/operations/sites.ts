import { rightSite } from "../support/right-site.ts";
import { call } from "../support/shop.ts";
import {
  choice,
  currency as currencyOfAnyCase,
  type Field,
  flag,
  ignored,
  integer,
  isText,
  never,
  object,
  objectOfDefaults,
  siteCode,
  text,
  version,
} from "./fields.ts";
import type { OperationEntry } from "./operation-entry.ts";

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const depthOf = (value: unknown): number =>
  typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;

/** Objects of any members, which are kept. */
const anyObject: Field = {
  ...objectOfDefaults(undefined),
  accepts: (value) => isObject(value) && depthOf(value) < 60,
  shown: (value: object) => Object.fromEntries(Object.entries(value).filter(([name]) => name !== "__proto__")),
};
const listOf = (item: Field): Field =>
  choice((value) => Array.isArray(value) && value.length <= 500 && value.every((each) => item.accepts(each)));
const matching = (pattern: RegExp): Field => choice((value) => isText(value) && pattern.test(value));

const language = matching(/^[a-z]{2}$/);
const country = matching(/^[A-Z]{2}$/);
const currency: Field = {
  ...currencyOfAnyCase,
  accepts: (value) => value === "XXX" || (currencyOfAnyCase.accepts(value) && value === String(value).toUpperCase()),
};
const degrees = (max: number): Field => ({
  ...choice((value) => {
    if (value === null) return true;
    const number = isText(value) && /^-?\d{1,3}(\.\d+)?$/.test(value) ? Number(value) : value;
    return typeof number === "number" && Math.abs(number) <= max;
  }),
  shown: Number,
});
const services: Field = listOf(anyObject);

const siteFields: Readonly<Record<string, Field>> = {
  code: siteCode,
  name: text(255, 1),
  active: flag,
  default: flag,
  includesTax: flag,
  defaultLanguage: language,
  languages: listOf(language),
  "languages[]": language,
  currency,
  availableCurrencies: listOf(currency),
  "availableCurrencies[]": currency,
  homeBase: object,
  "homeBase.address": object,
  ...Object.fromEntries(
    [
      ...["street", "streetNumber", "streetAppendix", "extraLine1", "extraLine2", "extraLine3", "extraLine4"],
      ...["zipCode", "city", "country", "state"],
    ].map((name) => [`homeBase.address.${name}`, text(255)]),
  ),
  "homeBase.location": anyObject,
  "homeBase.location.latitude": degrees(90),
  "homeBase.location.longitude": degrees(180),
  "homeBase.timezone": matching(/^(UTC|Europe\/Paris)$/),
  shipToCountries: listOf(country),
  "shipToCountries[]": country,
  shipping: services,
  "shipping[]": anyObject,
  payment: services,
  "payment[]": anyObject,
  tax: services,
  "tax[]": anyObject,
  assistedBuying: anyObject,
  "assistedBuying.storefrontUrl": text(2_048),
  taxDeterminationBasedOn: never,
  cartCalculationScale: integer(0),
  mixins: { ...objectOfDefaults({}), accepts: (value) => isObject(value) && Object.keys(value).length === 0 },
  metadata: objectOfDefaults(undefined),
  "metadata.mixins": {
    ...objectOfDefaults(undefined),
    accepts: (value) => isObject(value) && Object.values(value).every(isText),
  },
  "metadata.version": ignored(version),
};

const newSite = (word: string = crypto.randomUUID()) => ({ ...rightSite, code: `site-${word}` });
const everything = "payment:all,shipping:all,tax:all,mixin:*";

const listParameters: Readonly<Record<string, Field>> = {
  "query:q": {
    // None of the bad words is a term.
    accepts: (word) => /^ *$/.test(String(word)) && String(word).isWellFormed(),
    names: ["code:{site}"],
  },
  "query:sort": matching(/^(code|name)(:desc)?$/),
};
const listQuery = { pageNumber: "1", pageSize: "10", totalCount: "true", includeInactive: "true", sort: "name:desc" };

/** Sites, with or without mixins. */
export const sites: Readonly<Record<string, OperationEntry>> = {
  "GET /site/{tenant}/sites": {
    callers: "anyone",
    request: { query: ({ siteCode: code }) => ({ ...listQuery, q: `code:${code}`, expand: everything }) },
    answers: { ok: 200, another: 200 },
    parameters: listParameters,
    measured: [{}, { name: "with mixins", request: { query: "expand=mixin:*" } }],
  },
  "POST /site/{tenant}/sites": {
    callers: "siteManagers",
    request: { json: (_, word) => newSite(word) },
    answers: { ok: 201, refusals: [409] },
    fields: siteFields,
    takesKey: true,
    written: {
      base: newSite,
      // Any other site would change the one that is the default site.
      beside: { default: { code: "main" } },
      read: async ({ shop, employee }, _answer, { code }) => {
        const path = `/site/${shop.tenant}/sites/${encodeURIComponent(String(code))}?expand=${everything}`;
        const { body } = await call("GET", path, { token: employee });
        return { ...(body as object), metadata: undefined };
      },
      adds: ["sites"],
    },
  },
  "GET /site/{tenant}/sites/{siteCode}": {
    callers: "anyone",
    request: { query: () => ({ expand: everything }) },
    answers: { ok: 200, refusals: [404], another: 200 },
    measured: [
      {},
      { name: "with mixins", request: { query: "expand=mixin:*" } },
      { name: "main, not stored", request: { path: { siteCode: "main" } } },
    ],
  },
  "PUT /site/{tenant}/sites/{siteCode}": {
    callers: "siteManagers",
    request: { query: () => ({ expand: "payment:all" }), json: () => rightSite },
    answers: { ok: 200, refusals: [404, 409] },
    fields: { ...siteFields, code: never },
    measured: [{}, { name: "with a mixin", request: { json: { ...rightSite, mixins: { other: {} } } } }],
  },
  "PATCH /site/{tenant}/sites/{siteCode}": {
    callers: "siteManagers",
    request: { json: () => ({ name: "Sale" }) },
    answers: { ok: 200, refusals: [404, 409] },
    measured: [{}, { name: "with a mixin", request: { json: { mixins: { other: {} } } } }],
  },
  "DELETE /site/{tenant}/sites/{siteCode}": {
    callers: "siteManagers",
    answers: { ok: 204, refusals: [404, 409] },
    once: true,
  },
  "GET /site/{tenant}/siteslist": {
    callers: "anyone",
    request: { query: () => listQuery },
    answers: { ok: 200, another: 200 },
    parameters: listParameters,
  },
};
