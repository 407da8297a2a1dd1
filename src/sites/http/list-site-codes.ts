import { createRoute } from "@hono/zod-openapi";
import { anyone } from "../../platform/http/access-rules.ts";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, jsonAnswer, operation } from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { tenantParams } from "../../platform/http/schemas/common.ts";
import { listPlainSites } from "../use-cases/list-sites.ts";
import { countHeader, setCount } from "./site-count.ts";
import { siteListInput, sitesQuery } from "./site-list-schemas.ts";
import { siteCodesOut } from "./site-schemas.ts";

const path = "/site/{tenant}/siteslist";

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-site-settings-list-site-codes", access: anyone }),
  tags: ["Sites"],
  summary: "List the codes of sites",
  description: "The codes of the sites that the list of sites would show.",
  request: { params: tenantParams, query: sitesQuery },
  responses: {
    200: { ...jsonAnswer("A page of codes.", siteCodesOut), headers: countHeader },
    ...failures(path, anyone, "missing_scope"),
  },
});

export const listSiteCodes = (app: App) =>
  app.openapi(route, async (c) => {
    const query = c.req.valid("query");
    const { items, total } = orRefuse(await listPlainSites(contextOf(c), siteListInput(query)));
    if (query.totalCount) setCount(c, total);
    return c.json(
      items.map(({ code }) => code as string),
      200,
    );
  });
