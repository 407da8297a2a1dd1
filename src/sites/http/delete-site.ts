import { createRoute } from "@hono/zod-openapi";
import { siteManagers } from "../../platform/http/access-rules.ts";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, operation } from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { deleteSite as remove } from "../use-cases/delete-site.ts";
import { passingSiteParams } from "./site-mixin-schemas.ts";

const path = "/site/{tenant}/sites/{siteCode}";

const route = createRoute({
  method: "delete",
  path,
  ...operation({ operationId: "DELETE-site-settings-remove-site", access: siteManagers }),
  tags: ["Sites"],
  summary: "Delete a site",
  description:
    "Deletes the site with its mixins, which switches its reward points off. All points stay. The default site cannot be deleted.",
  request: { params: passingSiteParams },
  responses: {
    204: { description: "The site is deleted." },
    ...failures(
      path,
      siteManagers,
      "settings_kept_upstream",
      "site_not_found",
      "default_site_needed",
      "outcome_unknown",
    ),
  },
});

export const deleteSite = (app: App) =>
  app.openapi(route, async (c) => {
    orRefuse(await remove(contextOf(c), c.req.valid("param").siteCode));
    return c.body(null, 204);
  });
