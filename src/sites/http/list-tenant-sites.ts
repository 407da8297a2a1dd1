import { createRoute } from "@hono/zod-openapi";
import { anyone } from "../../platform/http/access-rules.ts";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, jsonAnswer, operation } from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { tenantParams } from "../../platform/http/schemas/common.ts";
import { listSites } from "../use-cases/list-sites.ts";
import { countHeader, setCount } from "./site-count.ts";
import { siteListInput, sitesQuery } from "./site-list-schemas.ts";
import { sitesOut, siteToWire } from "./site-schemas.ts";

const path = "/site/{tenant}/sites";

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-site-settings-list-site-configurations", access: anyone }),
  tags: ["Sites"],
  summary: "List sites",
  description: "Active sites, unless inactive ones are asked for. One of the tenant's sites is the default site.",
  request: { params: tenantParams, query: sitesQuery },
  responses: {
    200: { ...jsonAnswer("A page of sites.", sitesOut), headers: countHeader },
    ...failures(path, anyone, "missing_scope", "mixins_too_long"),
  },
});

export const listTenantSites = (app: App) =>
  app.openapi(route, async (c) => {
    const query = c.req.valid("query");
    const { items, total } = orRefuse(await listSites(contextOf(c), siteListInput(query)));
    if (query.totalCount) setCount(c, total);
    return c.json(items.map((view) => siteToWire(view, query.expand)) as never, 200);
  });
