import { z } from "@hono/zod-openapi";
import {
  type CustomerId,
  customerIdLengthMax,
  defaultSiteCode,
  type EntryId,
  entryIdLengthMax,
  parseCustomerId,
  parseEntryId,
  parseSiteCode,
} from "../../domain/identifiers.ts";
import { parseAmount } from "../../domain/points.ts";
import type { EpochMs } from "../../domain/time.ts";

/** Text that can be stored and shown: well-formed, without NUL characters. */
export const text = (lengthMax: number) =>
  z
    .string()
    .max(lengthMax)
    .refine((value) => value.isWellFormed() && !value.includes("\u0000"), {
      error: "must be well-formed text without NUL characters",
    });

/** Text that must say something. */
export const nonEmptyText = (lengthMax: number) => text(lengthMax).min(1);

/** A number of points to grant or take. */
export const amount = z
  .int()
  .min(1)
  .transform((value, context) => {
    const points = parseAmount(value);
    if (points === null) context.addIssue({ code: "custom", message: "must be a safe integer of at least 1" });
    return points ?? z.NEVER;
  });

/** An ISO 8601 date and time with `Z` or an offset, as a moment. */
export const moment = z.iso
  .datetime({ offset: true })
  .transform((value) => Date.parse(value) as EpochMs)
  .openapi({ type: "string", format: "date-time" });

/** A moment as answers show it: ISO 8601, UTC, with milliseconds. */
export const timestamp = (at: EpochMs): string => new Date(at).toISOString();

const parsed = <Value>(parse: (value: string) => Value | null, requirement: string) =>
  z.string().transform((value, context) => {
    const result = parse(value);
    if (result === null) context.addIssue({ code: "custom", message: requirement });
    return result ?? z.NEVER;
  });

export const customerId = parsed<CustomerId>(
  parseCustomerId,
  `must be 1 to ${customerIdLengthMax} printable characters`,
).openapi({ type: "string", example: "C4289081720" });

export const entryId = parsed<EntryId>(
  parseEntryId,
  `must be 1 to ${entryIdLengthMax} printable characters and not begin with order:, refund: or settled:`,
).openapi({
  type: "string",
  example: "12345fee-0b83-48aa-95dc-11e3dcf84aaa",
});

export const siteCode = parsed(parseSiteCode, "must be 1 to 64 characters without white space or #");

export const customerParams = z.object({
  customerId: customerId.openapi({ param: { name: "customerId", in: "path" }, description: "The customer's id." }),
});

export const tenantParams = z.object({
  tenant: z.string().openapi({
    param: { name: "tenant", in: "path" },
    description: "The tenant's name; must be the token's tenant.",
    example: "demo",
  }),
});

export const siteQuery = z.object({
  siteCode: siteCode
    .default(defaultSiteCode)
    .openapi({ type: "string", default: "main", description: "Whose settings apply.", example: "main" }),
});

/** The header with which a request can be repeated safely. */
export const idempotencyHeaders = z.object({
  "idempotency-key": z
    .string()
    .regex(/^[\x20-\x7e]{1,255}$/, { error: "must be 1 to 255 printable ASCII characters" })
    .optional()
    .openapi({
      description:
        "Makes the request safe to repeat: the same key with the same request gets the first answer again, with the header Idempotency-Replayed: true. Kept for at least 24 hours.",
      example: "5d0f1c9e-checkout-1",
    }),
});

/** A query parameter that is a whole number from 1 to `max`, in digits only. */
export const wholeNumber = (max: number) =>
  z
    .string()
    .regex(/^[1-9]\d{0,8}$/, { error: "must be a whole number of at least 1" })
    .transform(Number)
    .refine((value) => value <= max, { error: `must be at most ${max}` });

export const pageNumberMax = 999_999_999;
