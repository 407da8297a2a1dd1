import { expect, it } from "vitest";
import type { SiteCode, TenantId } from "../../../src/platform/values/identifiers.ts";
import { succeed } from "../../../src/platform/values/result.ts";
import { activeServices } from "../../../src/sites/rules/site.ts";
import type { Context } from "../../../src/sites/use-cases/context.ts";
import { createMixins } from "../../../src/sites/use-cases/create-mixins.ts";
import { createSite } from "../../../src/sites/use-cases/create-site.ts";
import { deleteSite } from "../../../src/sites/use-cases/delete-site.ts";
import { mergeSite } from "../../../src/sites/use-cases/merge-site.ts";
import { replaceSite } from "../../../src/sites/use-cases/replace-site.ts";

const siteCode = "main" as SiteCode;
const given = { code: siteCode, isDefault: null, version: null, details: {}, mixins: {}, schemaUrls: {} };
const patch = { version: null, members: {}, mixins: {}, schemaUrls: {} };

/** Nothing but this is asked: whatever else would be called is not there. */
const context = {
  services: { hasUpstreamSettings: true },
  principal: { tenant: "demo" as TenantId },
} as unknown as Context;

it.each<[string, () => Promise<unknown>]>([
  ["created", async () => (await createSite(context, given, "")).result],
  ["replaced", () => replaceSite(context, { siteCode, given, expansion: activeServices })],
  ["changed in part", () => mergeSite(context, { siteCode, patch, check: () => succeed(given) })],
  ["deleted", () => deleteSite(context, siteCode)],
  [
    "given settings beside other mixins",
    async () => (await createMixins(context, { siteCode, mixins: { other: {}, couponSettings: {} } }, "")).result,
  ],
])("a site that is kept upstream cannot be %s here, and nothing is read or written", async (_, write) => {
  expect(await write()).toEqual({ ok: false, failure: { code: "settings_kept_upstream" } });
});
