import { createRoute } from "@hono/zod-openapi";
import { anyone } from "../../platform/http/access-rules.ts";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, jsonAnswer, operation } from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { findSite } from "../use-cases/find-site.ts";
import { siteQuery } from "./site-list-schemas.ts";
import { siteParams } from "./site-mixin-schemas.ts";
import { siteOut, siteToWire } from "./site-schemas.ts";

const path = "/site/{tenant}/sites/{siteCode}";

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-site-settings-retrieve-site-config", access: anyone }),
  tags: ["Sites"],
  summary: "Read a site",
  description:
    "Inactive sites need the scope `site.site_manage`. The site `main` exists before it is stored. What nobody has said about it is shown as unknown: the currency is `XXX` and the country `ZZ`.",
  request: { params: siteParams, query: siteQuery },
  responses: {
    200: jsonAnswer("The site.", siteOut),
    ...failures(path, anyone, "site_not_found", "missing_scope"),
  },
});

export const getSite = (app: App) =>
  app.openapi(route, async (c) => {
    const { expand: expansion } = c.req.valid("query");
    const view = orRefuse(await findSite(contextOf(c), { siteCode: c.req.valid("param").siteCode, expansion }));
    return c.json(siteToWire(view, expansion) as never, 200);
  });
