import { createRoute } from "@hono/zod-openapi";
import { siteManagers } from "../../platform/http/access-rules.ts";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, failuresOf, jsonBody, operation } from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { replaceSite as replace } from "../use-cases/replace-site.ts";
import { siteQuery } from "./site-list-schemas.ts";
import { siteParams } from "./site-mixin-schemas.ts";
import { siteIn } from "./site-schemas.ts";

const path = "/site/{tenant}/sites/{siteCode}";

const route = createRoute({
  method: "put",
  path,
  ...operation({ operationId: "PUT-site-settings-update-site-config", access: siteManagers, accepts: "json" }),
  tags: ["Sites"],
  summary: "Replace a site",
  description:
    "Replaces what reading the site with the same `expand` shows. Inactive services stay unless they are expanded, and mixins that are neither given nor expanded stay, too. The first change of the site `main` stores it.",
  request: { params: siteParams, query: siteQuery, body: jsonBody(siteIn) },
  responses: {
    200: { description: "The site is replaced; the answer has no body." },
    ...failures(
      path,
      siteManagers,
      ...failuresOf.jsonBody,
      "settings_kept_upstream",
      "site_not_found",
      "site_version_conflict",
      "default_site_needed",
      "mixin_limit_reached",
      "outcome_unknown",
    ),
  },
});

export const replaceSite = (app: App) =>
  app.openapi(route, async (c) => {
    const { siteCode } = c.req.valid("param");
    const { expand: expansion } = c.req.valid("query");
    orRefuse(await replace(contextOf(c), { siteCode, given: c.req.valid("json"), expansion }));
    return c.body(null, 200);
  });
