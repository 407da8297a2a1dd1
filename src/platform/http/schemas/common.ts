import { z } from "@hono/zod-openapi";
import { parseAmount } from "../../../ledger/rules/points.ts";
import { lazy } from "../../runtime/lazy.ts";
import {
  type CustomerId,
  customerIdLengthMax,
  defaultSiteCode,
  type EntryId,
  entryIdLengthMax,
  parseCustomerId,
  parseEntryId,
  parseSiteCode,
} from "../../values/identifiers.ts";
import { type EpochMs, momentMax, momentMin } from "../../values/time.ts";
import { deferredMembers } from "./deferred.ts";

// Patterns in the OpenAPI document serve clients in every language, so they name characters, not Unicode classes.

/** Control characters, line and paragraph separators, and halves of surrogate pairs. */
const unprintable = "\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\ud800-\\udfff";
const printable = (lengthMax: number, before = "") => ({
  type: "string" as const,
  minLength: 1,
  maxLength: lengthMax,
  pattern: `^${before}[^${unprintable}]+$`,
});

/** Text that can be stored and shown: well-formed, without NUL characters. Its length counts code points. */
export const text = (lengthMax: number, lengthMin = 0) =>
  z
    .string()
    .superRefine((value, context) => {
      const { length } = [...value];
      if (length < lengthMin) {
        context.addIssue({ code: "too_small", origin: "string", minimum: lengthMin, inclusive: true, input: value });
      }
      if (length > lengthMax) {
        context.addIssue({ code: "too_big", origin: "string", maximum: lengthMax, inclusive: true, input: value });
      }
    })
    .refine((value) => value.isWellFormed() && !value.includes("\u0000"), {
      error: "must be well-formed text without NUL characters",
    })
    .openapi({
      ...(lengthMin === 0 ? {} : { minLength: lengthMin }),
      maxLength: lengthMax,
      pattern: "^[^\\u0000\\ud800-\\udfff]*$",
    });

/** Text of at least one character. */
export const nonEmptyText = (lengthMax: number) => text(lengthMax, 1);

/** The largest whole number that JSON keeps exactly, and that requests may contain. */
export const wholeNumberMax = Number.MAX_SAFE_INTEGER;

/** A whole number, of either sign, that JSON keeps exactly. */
export const exactInteger = lazy(() => z.int().openapi({ minimum: -wholeNumberMax, maximum: wholeNumberMax }));

/** An amount of money, in units of its currency. Above the limit, JSON does not keep even whole units exactly. */
export const moneyAmount = lazy(() => z.number().min(0).max(wholeNumberMax));

/** A number of points to grant or take. */
export const amount = lazy(() =>
  z
    .int()
    .min(1)
    .transform((value, context) => {
      const points = parseAmount(value);
      if (points === null) context.addIssue({ code: "custom", message: "must be a safe integer of at least 1" });
      return points ?? z.NEVER;
    })
    .openapi({ type: "integer", minimum: 1, maximum: wholeNumberMax }),
);

/** An ISO 8601 date and time with `Z` or an offset, as a moment. */
export const moment = lazy(() =>
  z.iso
    .datetime({ offset: true })
    .transform((value) => Date.parse(value) as EpochMs)
    .refine((at) => at >= momentMin && at <= momentMax, { error: "must lie in the years 0000 to 9999 (UTC)" })
    .openapi({ type: "string", format: "date-time" }),
);

/** A moment as answers show it: ISO 8601, UTC, with milliseconds. */
export const timestamp = (at: EpochMs): string => new Date(at).toISOString();

const parsed = <Value>(parse: (value: string) => Value | null, requirement: string) =>
  z.string().transform((value, context) => {
    const result = parse(value);
    if (result === null) context.addIssue({ code: "custom", message: requirement });
    return result ?? z.NEVER;
  });

export const customerId = lazy(() =>
  parsed<CustomerId>(
    parseCustomerId,
    `must be 1 to ${customerIdLengthMax} printable characters, and not . or ..`,
  ).openapi(printable(customerIdLengthMax, "(?!\\.{1,2}$)")),
);

export const entryId = lazy(() =>
  parsed<EntryId>(
    parseEntryId,
    `must be 1 to ${entryIdLengthMax} printable characters, and must not begin with order:, restored:, refund:, settled: or expired:`,
  ).openapi({
    ...printable(entryIdLengthMax, "(?!(?:order|restored|refund|settled|expired):)"),
    example: "12345fee-0b83-48aa-95dc-11e3dcf84aaa",
  }),
);

export const siteCode = lazy(() =>
  parsed(parseSiteCode, "must be 1 to 64 characters without white space or #, and not . or ..").openapi({
    type: "string",
    minLength: 1,
    maxLength: 64,
    pattern: `^(?!\\.{1,2}$)[^\\s#${unprintable}]+$`,
  }),
);

// The examples of paths and bodies work on the demo tenant (scripts/seed-data.ts), so that requests can be tried out as
// the documentation page prefills them. Optional parameters have no example, because the page would send it.

const paramsNaming = (example: string) =>
  z.object(
    deferredMembers({
      customerId: () =>
        customerId().openapi({ param: { name: "customerId", in: "path" }, description: "The customer's id.", example }),
    }),
  );

export const customerParams = paramsNaming("C1001");

/** For creating and erasing ledgers: a customer other than the one for trying things out. */
export const passingCustomerParams = paramsNaming("C2001");

export const tenantParams = z.object({
  tenant: z.string().openapi({
    param: { name: "tenant", in: "path" },
    minLength: 3,
    maxLength: 16,
    pattern: "^[a-z][a-z0-9-]+$",
    description: "The tenant's name. It must be the token's tenant.",
    example: "demo",
  }),
});

export const siteQuery = z.object({
  siteCode: siteCode()
    .default(defaultSiteCode)
    .openapi({ default: "main", description: "The site whose settings apply.", example: "main" }),
});

/** The header that makes a request safe to repeat. */
export const idempotencyHeaders = z.object({
  "idempotency-key": z
    .string()
    .regex(/^[\x20-\x7e]{1,255}$/, { error: "must be 1 to 255 printable ASCII characters" })
    .optional()
    .openapi({
      description:
        "Makes the request safe to repeat: the same request with the same key gets the first answer again, with the header Idempotency-Replayed: true. Keys are kept for at least 24 hours. Use a new key, such as a UUID, for each new request.",
    }),
});

/** A query parameter that is a whole number from 1 to `max`, in digits only. */
export const wholeNumber = (max: number) =>
  z
    .string()
    .regex(/^[1-9]\d{0,8}$/, { error: "must be a whole number of at least 1" })
    .transform(Number)
    .refine((value) => value <= max, { error: `must be at most ${max}` })
    .openapi({ type: "integer", minimum: 1, maximum: max });

export const pageNumberMax = 999_999_999;
