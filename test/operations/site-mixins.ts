import { choice, type Field, flag, integer, isText, never, object, orNull, text } from "./fields.ts";
import type { OperationEntry } from "./operation-entry.ts";

const prefix: Field = {
  ...text(16, 1),
  accepts: (value) => isText(value) && /^[A-Za-z0-9_-]{1,16}$/.test(value),
};
const factor = choice(
  (value) =>
    (typeof value === "number" && value >= 0 && Number.isFinite(value)) ||
    (isText(value) && /^(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/.test(value)),
);

/** The settings of reward points, as `couponSettings` has them. */
const settings: Readonly<Record<string, Field>> = {
  enabled: flag,
  enable: flag,
  codePrefix: prefix,
  couponPrefix: prefix,
  orderValueToRewardPointsFactor: factor,
  validityInMonths: orNull(integer(1, 12_000)),
  earningBase: never,
  returnPolicy: never,
  giveBacksPerDay: integer(0, 1_000),
};
/** Mixins of this name are settings, which KV has. */
const measuredSettings = {
  path: { siteCode: "main", mixinName: "couponSettings" },
  json: { rewardpoints: { enabled: true, orderValueToRewardPointsFactor: 1 } },
};

/** Settings of sites, and whatever else is kept with them. Mixins are objects of any kind. */
export const siteMixins: Readonly<Record<string, OperationEntry>> = {
  "GET /site/{tenant}/sites/{siteCode}/mixins": { callers: "siteManagers", answers: { ok: 200 } },
  "POST /site/{tenant}/sites/{siteCode}/mixins": {
    callers: "siteManagers",
    request: { json: (_, word) => ({ [`mixin-${word}`]: {} }) },
    answers: { ok: 201, refusals: [409] },
    fields: {
      couponSettings: object,
      "couponSettings.rewardpoints": object,
      ...Object.fromEntries(
        Object.entries(settings).map(([name, field]) => [`couponSettings.rewardpoints.${name}`, field]),
      ),
    },
    takesKey: true,
  },
  "GET /site/{tenant}/sites/{siteCode}/mixins/{mixinName}": {
    callers: "siteManagers",
    answers: { ok: 200, refusals: [404] },
  },
  "PUT /site/{tenant}/sites/{siteCode}/mixins/{mixinName}": {
    callers: "siteManagers",
    request: { json: () => ({ other: true }) },
    answers: { ok: 200, refusals: [404, 409] },
    fuzz: { bodies: "settings" },
    measured: [{}, { name: "settings", request: measuredSettings }],
  },
  "PATCH /site/{tenant}/sites/{siteCode}/mixins/{mixinName}": {
    callers: "siteManagers",
    request: { json: () => ({ other: true }) },
    answers: { ok: 200, refusals: [404, 409] },
    fuzz: { bodies: "settings" },
  },
  "DELETE /site/{tenant}/sites/{siteCode}/mixins/{mixinName}": {
    callers: "siteManagers",
    answers: { ok: 204, refusals: [404, 409] },
    once: true,
  },
};
