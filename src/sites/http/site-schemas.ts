import { z } from "@hono/zod-openapi";
import { nonEmptyText, siteCode, text } from "../../platform/http/schemas/common.ts";
import { deferred } from "../../platform/http/schemas/deferred.ts";
import { violationsOf } from "../../platform/http/schemas/violations.ts";
import { lazy } from "../../platform/runtime/lazy.ts";
import { isCurrency } from "../../platform/values/currency.ts";
import { isJsonObject, type JsonObject } from "../../platform/values/json-object.ts";
import { refuse, succeed } from "../../platform/values/result.ts";
import { isTimeZone } from "../../platform/values/time-zone.ts";
import { withoutSchemaUrl } from "../rules/mixin-schema-url.ts";
import { type Expansion, noCurrency, shownDetails } from "../rules/site.ts";
import type { CheckSite, GivenSite } from "../use-cases/given-site.ts";
import type { SitePatch } from "../use-cases/merge-site.ts";
import type { SiteView } from "../use-cases/site-view.ts";
import { isMixinName, jsonObject, nameRequirement } from "./site-mixin-schemas.ts";

// Members that the contract does not have are kept: published clients send some, and expect them back.

const listMax = 500;
const servicesMax = 100;
const urlLengthMax = 2_048;

const code = (pattern: string, what: string) =>
  z.string().regex(new RegExp(pattern), { error: `must be the code of ${what}` });

const currency = () =>
  z
    .string()
    .refine((word) => word === noCurrency || (word === word.toUpperCase() && isCurrency(word)), {
      error: "must be the ISO 4217 code of a currency in upper case, such as EUR",
    })
    .openapi({ pattern: "^[A-Z]{3}$", description: "ISO 4217 code; `XXX` for none." });
const language = () => code("^[a-z]{2}$", "a language in ISO 639-1, such as en");
const country = () => code("^[A-Z]{2}$", "a country in ISO 3166-1, such as DE");

const address = () =>
  z.looseObject({
    street: text(255).optional(),
    streetNumber: text(255).optional(),
    streetAppendix: text(255).optional(),
    extraLine1: text(255).optional(),
    extraLine2: text(255).optional(),
    extraLine3: text(255).optional(),
    extraLine4: text(255).optional(),
    zipCode: text(255),
    city: text(255).optional(),
    country: text(255),
    state: text(255).optional(),
  });

/** A published dashboard sends null for what is not known, and the digits of what was typed in. */
const degrees = (max: number) =>
  z
    .preprocess(
      (value) => (typeof value === "string" && /^-?\d{1,3}(?:\.\d+)?$/.test(value) ? Number(value) : value),
      z.number().min(-max).max(max).nullish(),
    )
    .transform((value) => value ?? undefined)
    .openapi({ type: ["number", "null"], minimum: -max, maximum: max });

const homeBase = () =>
  z.looseObject({
    address: address(),
    location: z.looseObject({ latitude: degrees(90).optional(), longitude: degrees(180).optional() }).optional(),
    timezone: text(255)
      .refine(isTimeZone, { error: "must be a time zone of the IANA database, such as Europe/Paris" })
      .optional()
      .openapi({ description: "Name of a time zone in the IANA database.", example: "Europe/Paris" }),
  });

const configuration = () => z.looseObject({ public: jsonObject().optional(), restricted: jsonObject().optional() });

const service = (what: string) =>
  z
    .array(
      z
        .looseObject({
          id: nonEmptyText(255).optional(),
          name: text(255).optional(),
          serviceType: text(255).optional(),
          serviceUrl: text(urlLengthMax).optional(),
          active: z.boolean().optional(),
          configuration: configuration().optional(),
        })
        .openapi({ type: "object", additionalProperties: true }),
    )
    .max(servicesMax)
    .optional()
    .openapi({
      description: `Configurations of ${what} services: \`id\`, \`name\`, \`serviceType\`, \`serviceUrl\`, \`active\` (true unless given), and \`configuration\` with \`public\` and \`restricted\` members. Only site managers see what is restricted.`,
    });

/** The members that a site is stored with. */
const ownMembers = lazy(() => ({
  name: nonEmptyText(255),
  active: z.boolean().default(true),
  default: z.boolean().optional().openapi({ description: "Another default site stops being it." }),
  includesTax: z.boolean().optional().openapi({ description: "Whether prices are gross." }),
  defaultLanguage: language(),
  languages: z.array(language()).max(listMax),
  currency: currency(),
  availableCurrencies: z.array(currency()).max(listMax).optional(),
  homeBase: homeBase(),
  shipToCountries: z.array(country()).max(listMax),
  shipping: service("shipping"),
  payment: service("payment"),
  tax: service("tax"),
  assistedBuying: z.looseObject({ storefrontUrl: text(urlLengthMax).optional() }).optional(),
  taxDeterminationBasedOn: z.enum(["BILLING_ADDRESS", "SHIPPING_ADDRESS"]).default("BILLING_ADDRESS"),
  cartCalculationScale: z.int().min(0).default(2).openapi({ maximum: Number.MAX_SAFE_INTEGER }),
}));

const mixinNames = (mixins: JsonObject, context: z.RefinementCtx): void => {
  for (const name of Object.keys(mixins)) {
    if (!isMixinName(name)) context.addIssue({ code: "custom", path: [name], message: nameRequirement });
  }
};

/** Members that are all objects, or null if that is allowed. */
const mixinsIn = (allowsNull: boolean) =>
  jsonObject()
    .superRefine((mixins, context) => {
      mixinNames(mixins, context);
      for (const [name, mixin] of Object.entries(mixins)) {
        if (!isJsonObject(mixin) && !(allowsNull && mixin === null)) {
          context.addIssue({ code: "custom", path: [name], message: "must be a JSON object" });
        }
      }
    })
    .openapi({
      type: "object",
      additionalProperties: true,
      description: "Mixins by name, as their own operations take them.",
    });

const schemaUrls = (allowsNull: boolean) =>
  jsonObject()
    .superRefine((urls, context) => {
      for (const [name, url] of Object.entries(urls)) {
        const isUrl = typeof url === "string" && url.length <= urlLengthMax && url.isWellFormed();
        if (!isUrl && !(allowsNull && url === null)) {
          context.addIssue({ code: "custom", path: [name], message: "must be the address of a JSON schema" });
        }
      }
    })
    .openapi({
      type: "object",
      additionalProperties: true,
      description: "Addresses of mixins' JSON schemas, by the mixins' names. Without a mixin, an address is ignored.",
    });

const metadata = (allowsNull: boolean) =>
  z
    .looseObject({
      mixins: schemaUrls(allowsNull).optional(),
      version: z
        .int()
        .min(0)
        .optional()
        .openapi({ maximum: Number.MAX_SAFE_INTEGER, description: "In a change: the version to change." }),
    })
    .optional();

const siteExample = {
  name: "Outlet",
  active: true,
  defaultLanguage: "en",
  languages: ["en", "de"],
  currency: "EUR",
  homeBase: { address: { country: "DE", zipCode: "10115", city: "Berlin" }, timezone: "Europe/Berlin" },
  shipToCountries: ["AT", "DE"],
};

type MetadataIn = z.output<ReturnType<typeof metadata>>;

/** The members of a body, sorted by what they are about. */
const sorted = <Code>({
  code: given,
  default: isDefault,
  mixins = {},
  metadata: meta,
  ...details
}: {
  readonly code: Code;
  readonly default?: boolean | undefined;
  readonly mixins?: JsonObject | undefined;
  readonly metadata?: MetadataIn;
  readonly [member: string]: unknown;
}) => ({
  code: given,
  isDefault: isDefault ?? null,
  version: meta?.version ?? null,
  details,
  // Checked above.
  mixins: mixins as GivenSite["mixins"],
  schemaUrls: (meta?.mixins ?? {}) as GivenSite["schemaUrls"],
});

const withMixins = lazy(() => ({ mixins: mixinsIn(false).optional(), metadata: metadata(false) }));

/** A new site. */
export const newSiteIn = deferred(() =>
  z
    .looseObject({ code: siteCode(), ...ownMembers(), ...withMixins() })
    .transform((body) => sorted(body))
    .openapi("NewSite", { example: { code: "outlet", ...siteExample } }),
);

/** A site that replaces another one. */
export const siteIn = deferred(() =>
  z
    .looseObject({ code: siteCode().optional(), ...ownMembers(), ...withMixins() })
    .transform(({ code: given, ...body }) => sorted({ ...body, code: given ?? null }))
    .openapi("SiteReplacement", { example: siteExample }),
);

const ownSite = lazy(() =>
  z.looseObject({ code: siteCode(), ...ownMembers() }).transform(({ code: own, default: isDefault, ...details }) => ({
    code: own,
    isDefault: isDefault ?? null,
    details,
  })),
);

/** Checks members of a site, as the schemas of bodies do. */
export const checkSite: CheckSite = (members) => {
  const checked = ownSite().safeParse(members);
  if (checked.success) return succeed(checked.data);
  return refuse({ code: "validation_failed", violations: violationsOf(checked.error) });
};

/** A patch of a site. Its own members are checked when the patch has been applied. */
export const sitePatchIn = deferred(() =>
  jsonObject()
    .pipe(z.looseObject({ mixins: mixinsIn(true).optional(), metadata: metadata(true) }))
    .transform(
      ({ mixins = {}, metadata: meta, ...members }): SitePatch => ({
        version: meta?.version ?? null,
        members,
        // Checked above.
        mixins: mixins as SitePatch["mixins"],
        schemaUrls: (meta?.mixins ?? {}) as SitePatch["schemaUrls"],
      }),
    )
    .openapi("SitePatch", {
      type: "object",
      additionalProperties: true,
      example: { name: "Outlet", shipToCountries: ["AT", "CH", "DE"] },
    }),
);

/** A site as answers show it. */
export const siteOut = deferred(() =>
  z
    .looseObject({
      code: z.string(),
      name: z.string(),
      active: z.boolean(),
      default: z.boolean(),
      defaultLanguage: z.string(),
      languages: z.array(z.string()),
      currency: z.string(),
      availableCurrencies: z.array(z.string()).optional(),
      homeBase: z.looseObject({ address: z.looseObject({ country: z.string(), zipCode: z.string() }) }),
      shipToCountries: z.array(z.string()),
      taxDeterminationBasedOn: z.string(),
      cartCalculationScale: z.int(),
      mixins: z.looseObject({}).optional().openapi({ description: "If the request expands mixins." }),
      metadata: z.object({
        mixins: z.looseObject({}).openapi({ description: "Addresses of mixins' JSON schemas, by the mixins' names." }),
        version: z.int().openapi({ description: "0: nobody has stored the site yet." }),
      }),
    })
    .openapi("Site", {
      example: { code: "outlet", default: false, ...siteExample, metadata: { mixins: {}, version: 1 } },
    }),
);

export const sitesOut = deferred(() => z.array(siteOut.unwrap()));

export const siteCodesOut = deferred(() => z.array(z.string()).openapi({ example: ["main", "outlet"] }));

/** @param expansion that of the request */
export function siteToWire({ site, outlines, mixins, showsRestricted }: SiteView, expansion: Expansion) {
  const urls = outlines.flatMap(({ name, schemaUrl }) => (schemaUrl === null ? [] : [[name, schemaUrl] as const]));
  return {
    code: site.code,
    ...shownDetails(site.details, expansion, showsRestricted),
    default: site.isDefault,
    ...(mixins === null ? {} : { mixins: mapped(mixins, withoutSchemaUrl) }),
    metadata: { mixins: Object.fromEntries(urls), version: site.version },
  };
}

const mapped = <Value>(members: Readonly<Record<string, Value>>, change: (value: Value) => Value) =>
  Object.fromEntries(Object.entries(members).map(([name, value]) => [name, change(value)]));
