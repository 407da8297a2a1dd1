import { createRoute } from "@hono/zod-openapi";
import { siteManagers } from "../../platform/http/access-rules.ts";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import {
  failures,
  failuresOf,
  jsonAnswer,
  jsonBody,
  keyedValue,
  operation,
  replayedHeader,
} from "../../platform/http/operation.ts";
import { idempotencyHeaders } from "../../platform/http/schemas/common.ts";
import { createMixins } from "../use-cases/create-mixins.ts";
import { locationOut, namedMixinsIn, passingSiteParams } from "./site-mixin-schemas.ts";

const path = "/site/{tenant}/sites/{siteCode}/mixins";

const route = createRoute({
  method: "post",
  path,
  ...operation({ operationId: "POST-site-settings-create-site-mixin", access: siteManagers, accepts: "json" }),
  tags: ["Site Mixins"],
  summary: "Create site mixins",
  description:
    "Each member of the body is a mixin under its name. All of them are created, or none. A mixin is stored as given. `couponSettings.rewardpoints` holds the settings of reward points and must be valid. Its members include `enabled` (or `enable`), `codePrefix` (or `couponPrefix`), `orderValueToRewardPointsFactor` and `validityInMonths`.",
  request: { params: passingSiteParams, headers: idempotencyHeaders, body: jsonBody(namedMixinsIn) },
  responses: {
    201: { ...jsonAnswer("The name of the first mixin.", locationOut), headers: replayedHeader },
    ...failures(
      path,
      siteManagers,
      ...failuresOf.jsonBody,
      "settings_kept_upstream",
      "mixin_exists",
      "mixin_limit_reached",
      "idempotency_key_reused",
      "outcome_unknown",
    ),
  },
});

export const createSiteMixin = (app: App) =>
  app.openapi(route, async (c) => {
    const context = contextOf(c, c.req.valid("header")["idempotency-key"]);
    const { siteCode } = c.req.valid("param");
    const { id, mixins } = c.req.valid("json");
    const answer = await createMixins(context, { siteCode, mixins }, JSON.stringify({ id }));
    return c.body(keyedValue(c, answer), 201, { "Content-Type": "application/json" }) as never;
  });
