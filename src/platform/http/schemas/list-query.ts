import { z } from "@hono/zod-openapi";
import type { SortTerm } from "../../requests/page.ts";
import { pageNumberMax, text, wholeNumber } from "./common.ts";

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

/** The request header that asks for the number of items, as well as the parameter `totalCount` does. */
export const totalCountHeader = z.object({
  "x-total-count": z
    .string()
    .optional()
    .openapi({ description: "true: the same as totalCount=true.", example: "true" }),
});

/** Whether the number of items on all pages is asked for, in either way. */
export const asksForTotal = (
  query: { readonly totalCount: boolean },
  headers: z.output<typeof totalCountHeader>,
): boolean => query.totalCount || headers["x-total-count"]?.toLowerCase() === "true";

/**
 * How a list is sorted: by some of `orders`, separated by commas, each ascending unless it ends in `:desc`. Nothing
 * else is allowed, so that it is known for every list how it is read.
 */
export const sortedBy = <const Order extends string>(...orders: readonly [Order, ...Order[]]) => {
  const [standard] = orders;
  const term = `(?:${orders.join("|")})(?::(?:asc|desc|ASC|DESC))?`;
  const pattern = `^${term}(?:,${term}){0,${orders.length - 1}}$`;
  return z
    .string()
    .regex(new RegExp(pattern), {
      error: `must be some of ${orders.join(", ")}, separated by commas, each with :asc or :desc or neither`,
    })
    .optional()
    .transform((words): readonly SortTerm<Order>[] =>
      (words ?? standard).split(",").map((word) => {
        const [name, direction] = word.split(":");
        return {
          by: orders.find((order) => order === name) ?? standard,
          descending: direction?.toLowerCase() === "desc",
        };
      }),
    )
    .openapi({
      type: "string",
      pattern,
      default: standard,
      description: `Some of ${orders.join(", ")}, separated by commas. Ascending, unless it ends in :desc.`,
    });
};

/** What a term of `q` says of a field: that it is one of some values, or contains a text, whatever its case. */
export type QueryTerm = { readonly isOneOf: readonly string[] } | { readonly contains: string };

/** What a field of `q` can be compared with. */
export interface QueryField {
  /** The schema of each value. */
  readonly value: () => z.ZodType<unknown, string>;
  /** Whether it may be one of several values. */
  readonly several?: true;
  /** Whether a part of it may be given: `name:~text`. */
  readonly part?: true;
}

const plain = "[^\\s:\"'`()[\\]{}<>~*,]+";
const listed = `${plain}(?:(?: *, *| +)${plain})*`;
const queryTerm = new RegExp(
  `^([\\w.]+):(?:(${plain})|\\((${listed})\\)|~(${plain})|~\\((${listed})\\)|\\(~(${listed})\\))$`,
);
/** Terms are separated by blanks, which may also stand inside parentheses. */
const queryWords = /[^\s()]*(?:\([^()]*\))?[^\s()]*/g;
const queryLengthMax = 1_000;
/** Of each field. A statement has at most a hundred parameters, and three fields take several values. */
const queryValuesMax = 25;

type QueryTerms<Fields> = { readonly [Field in keyof Fields]?: QueryTerm };

/**
 * The contract's `q`: terms separated by blanks, each field once. All terms must hold. A term is `field:value`,
 * `field:(value value)` or `field:(value,value)` for one of several values, or `field:~text` or `field:~(some text)` for
 * a part, as far as the field allows it. Anything else is refused rather than misread.
 */
export const listQuery = <Fields extends Readonly<Record<string, QueryField>>>(fields: Fields) => {
  const names = Object.keys(fields);
  const [several, part] = (["several", "part"] as const).map((may) => names.filter((name) => fields[name]?.[may]));
  return text(queryLengthMax)
    .transform((query, context): QueryTerms<Fields> => {
      const terms: Record<string, QueryTerm> = {};
      // What is in no word is a parenthesis without its other half.
      const isWhole = query.replaceAll(queryWords, "").trim() === "";
      for (const [word] of isWhole ? query.matchAll(queryWords) : [[query]]) {
        if (word === "") continue;
        const flaw = addTerm(terms, fields, word);
        if (flaw === null) continue;
        context.addIssue({ code: "custom", message: `is not a valid query: ${flaw}` });
        return z.NEVER;
      }
      return terms as QueryTerms<Fields>;
    })
    .optional()
    .openapi({
      type: "string",
      maxLength: queryLengthMax,
      description: `Terms \`field:value\`, separated by blanks. All terms must hold. Fields: ${names.join(", ")}.${
        several === undefined || several.length === 0
          ? ""
          : ` One of several values, \`field:(value value)\`: ${several.join(", ")}.`
      }${
        part === undefined || part.length === 0
          ? ""
          : ` A part, \`field:~text\`, whatever the case of A to Z: ${part.join(", ")}.`
      } A value with characters other than letters, digits and simple punctuation goes into the parameter of the same name as the field.`,
    });
};

/** @returns what is wrong with the term; null when it was added */
function addTerm(
  terms: Record<string, QueryTerm>,
  fields: Readonly<Record<string, QueryField>>,
  word: string,
): string | null {
  const names = Object.keys(fields).join(", ");
  const [, name = "", one, several, part, parts, otherParts] = queryTerm.exec(word) ?? [];
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (field === undefined) return `it must consist of terms field:value, separated by blanks; fields: ${names}`;
  if (Object.hasOwn(terms, name)) return `${name} is there twice`;
  const contained = part ?? parts ?? otherParts;
  if (contained !== undefined) {
    if (field.part !== true) return `a part of ${name} cannot be looked for`;
    terms[name] = { contains: contained };
    return null;
  }
  const values = one === undefined ? (several ?? "").split(/[\s,]+/) : [one];
  if (several !== undefined && field.several !== true) return `${name} takes one value`;
  if (values.length > queryValuesMax) return `${name} has more than ${queryValuesMax} values`;
  for (const value of values) {
    const parsed = field.value().safeParse(value);
    if (!parsed.success) return `${name}: ${parsed.error.issues[0]?.message ?? "not a valid value"}`;
  }
  terms[name] = { isOneOf: values };
  return null;
}

/** The one value that a term names; null without a term. */
export const onlyValue = (term: QueryTerm | undefined): string | null =>
  term !== undefined && "isOneOf" in term ? (term.isOneOf[0] ?? null) : null;

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
