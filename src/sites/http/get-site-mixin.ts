import { createRoute } from "@hono/zod-openapi";
import { siteManagers } from "../../platform/http/access-rules.ts";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, jsonAnswer, operation } from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { findMixin } from "../use-cases/find-mixin.ts";
import { mixinOut, mixinParams } from "./site-mixin-schemas.ts";

const path = "/site/{tenant}/sites/{siteCode}/mixins/{mixinName}";

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-site-settings-retrieve-site-mixin", access: siteManagers }),
  tags: ["Site Mixins"],
  summary: "Read a site mixin",
  description: "The content of the mixin, not wrapped in its name.",
  request: { params: mixinParams },
  responses: {
    200: jsonAnswer("The mixin.", mixinOut),
    ...failures(path, siteManagers, "mixin_not_found"),
  },
});

export const getSiteMixin = (app: App) =>
  app.openapi(route, async (c) => {
    const { siteCode, mixinName } = c.req.valid("param");
    return c.json(orRefuse(await findMixin(contextOf(c), { siteCode, name: mixinName })), 200);
  });
