import { createRoute } from "@hono/zod-openapi";
import { siteManagers } from "../../platform/http/access-rules.ts";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, jsonAnswer, operation } from "../../platform/http/operation.ts";
import { listMixins } from "../use-cases/list-mixins.ts";
import { mixinsOut, siteParams } from "./site-mixin-schemas.ts";

const path = "/site/{tenant}/sites/{siteCode}/mixins";

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-site-settings-list-site-mixins", access: siteManagers }),
  tags: ["Site Mixins"],
  summary: "List a site's mixins",
  description: "All mixins of the site, by name. An unknown site has none.",
  request: { params: siteParams },
  responses: {
    200: jsonAnswer("The mixins, each under its name.", mixinsOut),
    ...failures(path, siteManagers),
  },
});

export const listSiteMixins = (app: App) =>
  app.openapi(route, async (c) => {
    return c.json(await listMixins(contextOf(c), c.req.valid("param").siteCode), 200);
  });
