import { createRoute } from "@hono/zod-openapi";
import { siteManagers } from "../../platform/http/access-rules.ts";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, failuresOf, operation } from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { mergeMixin } from "../use-cases/merge-mixin.ts";
import { mixinIn, mixinParams, unwrapped } from "./site-mixin-schemas.ts";

const path = "/site/{tenant}/sites/{siteCode}/mixins/{mixinName}";

/** A merge patch with its own media type, or as plain JSON, as in the contract. */
const body = {
  required: true,
  content: { "application/json": { schema: mixinIn }, "application/merge-patch+json": { schema: mixinIn } },
};

const route = createRoute({
  method: "patch",
  path,
  ...operation({ operationId: "PATCH-site-settings-update-site-mixin", access: siteManagers, accepts: "merge-patch" }),
  tags: ["Site Mixins"],
  summary: "Change parts of a site mixin",
  description:
    "A JSON Merge Patch (RFC 7386): members that are null are removed, objects are merged, everything else is replaced. The patch may be wrapped in an object whose only member is the mixin's name. The result must be valid as a whole.",
  request: { params: mixinParams, body },
  responses: {
    200: { description: "The mixin is changed; the answer has no body." },
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

export const mergeSiteMixin = (app: App) =>
  app.openapi(route, async (c) => {
    const { siteCode, mixinName } = c.req.valid("param");
    const patch = unwrapped(c.req.valid("json"), mixinName);
    orRefuse(await mergeMixin(contextOf(c), { siteCode, name: mixinName, patch }));
    return c.body(null, 200);
  });
