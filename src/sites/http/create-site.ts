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
import { idempotencyHeaders, tenantParams } from "../../platform/http/schemas/common.ts";
import { createSite as create } from "../use-cases/create-site.ts";
import { locationOut } from "./site-mixin-schemas.ts";
import { newSiteIn } from "./site-schemas.ts";

const path = "/site/{tenant}/sites";

const routeAt = (at: string, more: { readonly hide?: true } = {}) =>
  createRoute({
    method: "post",
    path: at,
    ...operation({ operationId: "POST-site-settings-create-site", access: siteManagers, accepts: "json" }),
    ...more,
    tags: ["Sites"],
    summary: "Create a site",
    description:
      "Mixins can be created together with the site, all or none. Mixins that its code already has become the site's. Members that this document does not name are kept and shown. A tenant has at most 200 sites of at most 16 KiB each, without their mixins.",
    request: { params: tenantParams, headers: idempotencyHeaders, body: jsonBody(newSiteIn) },
    responses: {
      201: { ...jsonAnswer("The site's code.", locationOut), headers: replayedHeader },
      ...failures(
        path,
        siteManagers,
        ...failuresOf.jsonBody,
        "settings_kept_upstream",
        "site_exists",
        "site_limit_reached",
        "default_site_needed",
        "mixin_exists",
        "mixin_limit_reached",
        "idempotency_key_reused",
        "outcome_unknown",
      ),
    },
  });

/** Published clients send this request with a slash at the end. */
const routes = [routeAt(path), routeAt(`${path}/`, { hide: true })];

export const createSite = (app: App) => {
  for (const route of routes) {
    app.openapi(route, async (c) => {
      const context = contextOf(c, c.req.valid("header")["idempotency-key"]);
      const site = c.req.valid("json");
      const answer = await create(context, site, JSON.stringify({ id: site.code }));
      return c.body(keyedValue(c, answer), 201, { "Content-Type": "application/json" }) as never;
    });
  }
};
