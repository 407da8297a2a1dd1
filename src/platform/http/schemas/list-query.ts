import { z } from "@hono/zod-openapi";
import { pageNumberMax, text, wholeNumber } from "./common.ts";
import { deferredMembers } from "./deferred.ts";

/** Items per page: the default, which is the contract's, and the maximum. */
const pageSize = { standard: 16, max: 1_000 } as const;

/** `true` or `false`; false if absent. */
export const flag = (description: string) =>
  z
    .enum(["true", "false"])
    .optional()
    .transform((value) => value === "true")
    .openapi({ type: "boolean", default: false, description });

/** Makes the paging parameters of every list in the Coupon contract. */
export const pagingMembers = {
  pageNumber: () =>
    wholeNumber(pageNumberMax)
      .optional()
      .transform((value) => value ?? 1)
      .openapi({ type: "integer", minimum: 1, maximum: pageNumberMax, default: 1 }),
  pageSize: () =>
    wholeNumber(pageSize.max)
      .optional()
      .transform((value) => value ?? pageSize.standard)
      .openapi({ type: "integer", minimum: 1, maximum: pageSize.max, default: pageSize.standard }),
  totalCount: () => flag("true: the headers Items-Count and X-Total-Count give the number of items on all pages."),
};

/**
 * How a list is sorted: by one of `orders`, ascending unless it ends in `:desc`. Nothing else is allowed, so that every
 * list can be read along an index.
 */
export const sortedBy = <const Order extends string>(...orders: readonly [Order, ...Order[]]) => {
  const [standard] = orders;
  const words = orders.flatMap((order) => [order, `${order}:asc`, `${order}:desc`]);
  return z
    .enum(words)
    .optional()
    .transform((word): { sortBy: Order; descending: boolean } => {
      const sortBy = orders.find((order) => word?.split(":")[0] === order) ?? standard;
      return { sortBy, descending: word?.endsWith(":desc") ?? false };
    })
    .openapi({ type: "string", enum: words, default: standard, description: "Ascending, unless it ends in :desc." });
};

const valuePattern = "[^\\s:\"'`()[\\]{}<>~*,]+";
const term = new RegExp(`^(\\w+):(${valuePattern})$`);
const queryLengthMax = 1_000;

/**
 * The contract's `q` in its simple form: terms `field:value`, separated by spaces. All terms must hold. Anything else
 * is refused rather than misread.
 * @param fields the allowed fields, each with a function that makes its schema
 */
export const simpleQuery = <Fields extends Readonly<Record<string, () => z.ZodType>>>(fields: Fields) => {
  const example = Object.keys(fields).join(", ");
  const documentedTerm = `(?:${Object.keys(fields).join("|")}):${valuePattern}`;
  return text(queryLengthMax)
    .transform((query, context) => {
      const terms = query
        .split(" ")
        .filter((word) => word !== "")
        .map((word) => term.exec(word));
      const pairs = terms.flatMap((match) => (match === null ? [] : [[match[1] ?? "", match[2] ?? ""] as const]));
      if (pairs.length < terms.length || new Set(pairs.map(([field]) => field)).size < pairs.length) {
        const message = `is not a valid query: it must consist of terms field:value, separated by spaces, each field once; fields: ${example}`;
        context.addIssue({ code: "custom", message });
        return z.NEVER;
      }
      return Object.fromEntries(pairs) as unknown;
    })
    .pipe(z.strictObject({ ...deferredMembers(fields) }))
    .optional()
    .openapi({
      type: "string",
      maxLength: queryLengthMax,
      pattern: `^ *(?:${documentedTerm}(?: +${documentedTerm})* *)?$`,
      description: `Terms \`field:value\`, separated by spaces. All terms must hold. Fields: ${example}. A value with characters other than letters, digits and simple punctuation goes into the parameter of the same name as the field.`,
    });
};

/** Refuses a query in which a parameter and `q` name the same field. */
export function eachOnce(
  { q = {}, ...parameters }: { readonly q?: object | undefined; readonly [parameter: string]: unknown },
  context: z.RefinementCtx,
): void {
  for (const [field, value] of Object.entries(q)) {
    if (value !== undefined && parameters[field] !== undefined) {
      context.addIssue({ code: "custom", path: ["q"], message: `names ${field}, which is also given as a parameter` });
    }
  }
}
