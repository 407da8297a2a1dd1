import { createRoute } from "@hono/zod-openapi";
import { siteManagers } from "../../platform/http/access-rules.ts";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, failuresOf, operation } from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { mergeSite as merge } from "../use-cases/merge-site.ts";
import { siteParams } from "./site-mixin-schemas.ts";
import { checkSite, sitePatchIn } from "./site-schemas.ts";

const path = "/site/{tenant}/sites/{siteCode}";

/** A merge patch with its own media type, or as plain JSON, as in the contract. */
const body = {
  required: true,
  content: { "application/json": { schema: sitePatchIn }, "application/merge-patch+json": { schema: sitePatchIn } },
};

const route = createRoute({
  method: "patch",
  path,
  ...operation({ operationId: "PATCH-site-settings-update-site", access: siteManagers, accepts: "merge-patch" }),
  tags: ["Sites"],
  summary: "Change parts of a site",
  description:
    "A JSON Merge Patch (RFC 7386): members that are null are removed, objects are merged, everything else is replaced. Under `mixins`, it creates, changes and removes mixins. Inactive services stay unless the patch gives a service with the same id. The result must be valid as a whole.",
  request: { params: siteParams, body },
  responses: {
    200: { description: "The site is changed; the answer has no body." },
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

export const mergeSite = (app: App) =>
  app.openapi(route, async (c) => {
    const { siteCode } = c.req.valid("param");
    orRefuse(await merge(contextOf(c), { siteCode, patch: c.req.valid("json"), check: checkSite }));
    return c.body(null, 200);
  });
