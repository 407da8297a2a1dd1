import { createRoute } from "@hono/zod-openapi";
import { siteManagers } from "../../platform/http/access-rules.ts";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, failuresOf, jsonBody, operation } from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { rewriteMixin } from "../use-cases/rewrite-mixin.ts";
import { mixinIn, mixinParams, unwrapped } from "./site-mixin-schemas.ts";

const path = "/site/{tenant}/sites/{siteCode}/mixins/{mixinName}";

const route = createRoute({
  method: "put",
  path,
  ...operation({ operationId: "PUT-site-settings-update-site-mixin", access: siteManagers, accepts: "json" }),
  tags: ["Site Mixins"],
  summary: "Replace a site mixin",
  description:
    "The body is the new content of the mixin. It may be wrapped in an object whose only member is the mixin's name.",
  request: { params: mixinParams, body: jsonBody(mixinIn) },
  responses: {
    200: { description: "The mixin is replaced; the answer has no body." },
    ...failures(
      path,
      siteManagers,
      ...failuresOf.jsonBody,
      "settings_kept_upstream",
      "mixin_not_found",
      "outcome_unknown",
    ),
  },
});

export const replaceSiteMixin = (app: App) =>
  app.openapi(route, async (c) => {
    const { siteCode, mixinName } = c.req.valid("param");
    const mixin = unwrapped(c.req.valid("json"), mixinName);
    orRefuse(await rewriteMixin(contextOf(c), { siteCode, name: mixinName }, () => mixin));
    return c.body(null, 200);
  });
