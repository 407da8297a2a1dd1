import { z } from "@hono/zod-openapi";
import { siteCode, tenantParams } from "../../platform/http/schemas/common.ts";
import { deferred, deferredMembers } from "../../platform/http/schemas/deferred.ts";
import { lazy } from "../../platform/runtime/lazy.ts";
import { isJsonObject, type JsonObject } from "../../platform/values/json-object.ts";
import {
  codePrefixPattern,
  earningBases,
  factorPattern,
  giveBacksPerDayMax,
  returnPolicies,
  settingsMember,
  settingsMixinName,
  validityMonthsMax,
} from "../rules/site-settings.ts";
import { mixinsMax } from "../use-cases/create-mixins.ts";

/** Names that have a special meaning in programs or in paths. */
const reservedNames: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype", ".", ".."]);
const namePattern = /^[A-Za-z0-9_.-]{1,64}$/;
/** The same pattern without the reserved names, for clients. */
const documentedNamePattern = "^(?!(?:__proto__|constructor|prototype|[.][.]?)$)[A-Za-z0-9_.-]{1,64}$";
export const nameRequirement = "must be a name of 1 to 64 letters, digits or any of _ . -";

export const isMixinName = (name: string): boolean => namePattern.test(name) && !reservedNames.has(name);

const sitesNaming = (example: string) =>
  tenantParams.extend(
    deferredMembers({
      siteCode: () =>
        siteCode().openapi({
          param: { name: "siteCode", in: "path" },
          description: "The site's code.",
          example,
        }),
    }),
  );

const mixinName = () =>
  z
    .string()
    .refine(isMixinName, { error: nameRequirement })
    .openapi({
      param: { name: "mixinName", in: "path" },
      pattern: documentedNamePattern,
      description: "The mixin's name. `couponSettings` holds the settings of reward points.",
      example: "couponSettings",
    });

export const siteParams = sitesNaming("main");
export const mixinParams = siteParams.extend(deferredMembers({ mixinName }));

/** For operations that create or delete a mixin. Their example is another site than in other operations. */
export const passingSiteParams = sitesNaming("outlet");
export const passingMixinParams = passingSiteParams.extend(deferredMembers({ mixinName }));

const anyMembers = { type: "object" as const, additionalProperties: true };

/** Checked by hand: zod's own objects and records would lose members with names such as `__proto__`. */
export const jsonObject = lazy(() => z.custom<JsonObject>(isJsonObject, { error: "must be a JSON object" }));

const couponSettingsExample = {
  rewardpoints: { enabled: true, codePrefix: "DEMO", orderValueToRewardPointsFactor: 1, validityInMonths: 12 },
};

/** What `settingsProblems` accepts, as the OpenAPI document describes it. */
const documentedRewardSettings = {
  type: "object" as const,
  properties: {
    enabled: { type: "boolean" as const },
    enable: {
      type: "boolean" as const,
      description: "Another name for enabled. If both are given, they must be equal.",
    },
    codePrefix: { type: "string" as const, pattern: codePrefixPattern.source },
    couponPrefix: {
      type: "string" as const,
      pattern: codePrefixPattern.source,
      description: "Another name for codePrefix. If both are given, they must be equal.",
    },
    orderValueToRewardPointsFactor: {
      anyOf: [
        { type: "number" as const, minimum: 0 },
        { type: "string" as const, pattern: factorPattern.source, maxLength: 400 },
      ],
    },
    validityInMonths: { type: ["integer" as const, "null" as const], minimum: 1, maximum: validityMonthsMax },
    earningBase: { type: "string" as const, enum: [...earningBases] },
    returnPolicy: { type: "string" as const, enum: [...returnPolicies] },
    giveBacksPerDay: { type: "integer" as const, minimum: 0, maximum: giveBacksPerDayMax },
  },
  // A site that is switched on must say what its orders earn.
  anyOf: [
    { required: ["orderValueToRewardPointsFactor"] },
    { properties: { enabled: { enum: [false] }, enable: { enum: [false] } } },
  ],
  additionalProperties: false,
};

const documentedNamedMixins = {
  type: "object" as const,
  propertyNames: { pattern: documentedNamePattern },
  properties: {
    [settingsMixinName]: {
      type: "object" as const,
      properties: { [settingsMember]: documentedRewardSettings },
      additionalProperties: true,
    },
  },
  additionalProperties: anyMembers,
  minProperties: 1,
  maxProperties: mixinsMax,
  example: { couponSettings: couponSettingsExample },
};

/** New mixins under their names. */
export const namedMixinsIn = deferred(() =>
  jsonObject()
    .transform((body, context) => {
      const mixins = Object.entries(body).filter((entry): entry is [string, JsonObject] => isJsonObject(entry[1]));
      const [first] = mixins;
      if (first === undefined && Object.keys(body).length === 0) {
        context.addIssue({ code: "custom", message: "must have a member for each mixin, under its name" });
      }
      for (const [name, mixin] of Object.entries(body)) {
        if (!isMixinName(name)) context.addIssue({ code: "custom", message: `A mixin's name ${nameRequirement}` });
        if (!isJsonObject(mixin)) context.addIssue({ code: "custom", path: [name], message: "must be a JSON object" });
      }
      return { id: first?.[0] ?? "", mixins: Object.fromEntries(mixins) };
    })
    .openapi("NamedMixins", documentedNamedMixins),
);

/** A mixin's content or a patch to it, bare or under the mixin's name: see {@link unwrapped}. */
export const mixinIn = deferred(() => jsonObject().openapi("Mixin", { ...anyMembers, example: couponSettingsExample }));

export const mixinOut = mixinIn;

export const mixinsOut = deferred(() =>
  z.custom<Readonly<Record<string, JsonObject>>>(isJsonObject).openapi("Mixins", {
    type: "object",
    additionalProperties: { type: "object", additionalProperties: true },
    example: { couponSettings: couponSettingsExample },
  }),
);

export const locationOut = deferred(() =>
  z.object({ id: z.string().openapi({ example: "couponSettings" }) }).openapi("ResourceLocation"),
);

/** The content of a body that may be wrapped in the mixin's name, as in the contract's examples. */
export function unwrapped(body: JsonObject, mixinName: string): JsonObject {
  const [first, ...more] = Object.entries(body);
  if (first === undefined || more.length > 0) return body;
  const [name, content] = first;
  return name === mixinName && isJsonObject(content) ? content : body;
}
