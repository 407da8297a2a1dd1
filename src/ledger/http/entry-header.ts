import type { Context as HonoContext } from "hono";
import type { AppEnv } from "../../platform/http/app-env.ts";
import type { EntryId } from "../../platform/values/identifiers.ts";

/** Documents the header that names the entry that a request made. */
export const entryIdHeader = {
  "X-Entry-Id": {
    description:
      "The id of the entry in the customer's history. Percent signs and all but printable ASCII are percent-encoded.",
    schema: { type: "string" as const },
  },
};

/** Names the entry in a header, because the contract gives these answers no body. */
export function nameEntry(c: HonoContext<AppEnv>, entryId: EntryId): void {
  c.header("X-Entry-Id", entryId.replace(/[^!-$&-~]+/gu, encodeURIComponent));
}
