import { createRoute } from "@hono/zod-openapi";
import { siteManagers } from "../../platform/http/access-rules.ts";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, operation } from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { deleteMixin } from "../use-cases/delete-mixin.ts";
import { passingMixinParams } from "./site-mixin-schemas.ts";

const path = "/site/{tenant}/sites/{siteCode}/mixins/{mixinName}";

const route = createRoute({
  method: "delete",
  path,
  ...operation({ operationId: "DELETE-site-settings-remove-site-mixin", access: siteManagers }),
  tags: ["Site Mixins"],
  summary: "Delete a site mixin",
  description: "Without `couponSettings`, the site's reward points are switched off.",
  request: { params: passingMixinParams },
  responses: {
    204: { description: "The mixin is deleted." },
    ...failures(path, siteManagers, "settings_kept_upstream", "mixin_not_found", "outcome_unknown"),
  },
});

export const deleteSiteMixin = (app: App) =>
  app.openapi(route, async (c) => {
    const { siteCode, mixinName } = c.req.valid("param");
    orRefuse(await deleteMixin(contextOf(c), { siteCode, name: mixinName }));
    return c.body(null, 204);
  });
