import type { Context as HonoContext } from "hono";
import type { AppEnv } from "../../platform/http/app-env.ts";
import type { EntryId } from "../../platform/values/identifiers.ts";

/** The documentation of the header that names the entry which a request has made. */
export const entryIdHeader = {
  "X-Entry-Id": {
    description:
      "The id of the entry in the customer's history, percent-encoded where it has other than ASCII letters.",
    schema: { type: "string" as const },
  },
};

/** Names the entry in a header: the contract leaves these answers without a body. */
export function nameEntry(c: HonoContext<AppEnv>, entryId: EntryId): void {
  c.header("X-Entry-Id", entryId.replace(/[^!-$&-~]+/gu, encodeURIComponent));
}
