import { z } from "@hono/zod-openapi";
import { text } from "../../platform/http/schemas/common.ts";
import { deferredMembers } from "../../platform/http/schemas/deferred.ts";
import { flag, pagingMembers } from "../../platform/http/schemas/list-query.ts";
import { activeServices, type Expansion, type ServiceView, serviceMembers, serviceViews } from "../rules/site.ts";
import {
  type FilterField,
  filterFields,
  type SiteOrder,
  type SiteTerm,
  type SortField,
  sortFields,
} from "../rules/site-list.ts";

const queryLengthMax = 1_000;

/** Text that `parse` understands; null is refused with what the text must be. */
const understood = <Value>(parse: (text: string) => Value | null, requirement: string) =>
  text(queryLengthMax).transform((word, context): Value => {
    const value = parse(word);
    if (value === null) context.addIssue({ code: "custom", message: requirement });
    return value ?? z.NEVER;
  });

const expandPart = `(?:(?:${serviceMembers.join("|")}):(?:${serviceViews.join("|")})|mixins?(?::(?:[*]|[A-Za-z0-9_.-]{1,64}))?)`;
const expandPattern = new RegExp(`^${expandPart}(?:,${expandPart})*$`);

/** Later parts override earlier ones; mixins add up. */
function parseExpansion(word: string): Expansion | null {
  if (!expandPattern.test(word)) return null;
  let expansion = activeServices;
  for (const part of word.split(",")) {
    const [name = "", view = "*"] = part.split(":");
    const member = serviceMembers.find((one) => one === name);
    if (member !== undefined) expansion = { ...expansion, [member]: view as ServiceView };
    else if (view === "*" || expansion.mixins === "all") expansion = { ...expansion, mixins: "all" };
    else expansion = { ...expansion, mixins: [...expansion.mixins, view] };
  }
  return expansion;
}

/** Which services and mixins a request is about. */
export const expand = () =>
  understood(
    parseExpansion,
    "must be parts such as payment:all, shipping:active, tax:none, mixin:* or mixin:<name>, separated by commas",
  )
    .optional()
    .transform((expansion) => expansion ?? activeServices)
    .openapi({
      type: "string",
      maxLength: queryLengthMax,
      pattern: expandPattern.source,
      description:
        "Parts separated by commas. `payment`, `shipping` and `tax`: `all`, `active` (the default) or `none`. `mixin:*` or `mixin:<name>`: mixins with their contents.",
    });

const sortPart = `(?:${sortFields.join("|")})(?::(?:asc|desc))?`;
const sortPattern = new RegExp(`^${sortPart}(?:,${sortPart})*$`);

const parseOrders = (word: string): readonly SiteOrder[] | null =>
  sortPattern.test(word)
    ? word.split(",").map((part) => {
        const [field, direction] = part.split(":");
        return { field: field as SortField, descending: direction === "desc" };
      })
    : null;

const plainValue = "[^\\s:\"'`()[\\]{}<>~*,]+";
const termPattern = `(${filterFields.join("|")}):(~?)(?:"([^"]*)"|\\(([^()"]*)\\)|(${plainValue}))`;
const queryPattern = new RegExp(`^ *(?:${termPattern}(?: +${termPattern})*)? *$`);

function parseTerms(word: string): readonly SiteTerm[] | null {
  if (!queryPattern.test(word)) return null;
  return [...word.matchAll(new RegExp(termPattern, "g"))].map(([, field, part, quoted, several, plain]) => ({
    field: field as FilterField,
    values: several === undefined ? [quoted ?? plain ?? ""] : several.split(/\s+/).filter((value) => value !== ""),
    isPart: part === "~",
  }));
}

const termsIn = () =>
  understood(parseTerms, `must be terms field:value, separated by spaces; fields: ${filterFields.join(", ")}`)
    .optional()
    .transform((terms) => terms ?? [])
    .openapi({
      type: "string",
      maxLength: queryLengthMax,
      pattern: queryPattern.source,
      description: `Terms \`field:value\`, separated by spaces. All terms must hold. Values with spaces stand in double quotes; \`field:~value\` finds parts of a text; \`field:(A B)\` finds either. Fields: ${filterFields.join(", ")}.`,
    });

const ordersIn = () =>
  understood(parseOrders, `must be fields with :asc or :desc, separated by commas; fields: ${sortFields.join(", ")}`)
    .optional()
    .transform((orders) => orders ?? [])
    .openapi({
      type: "string",
      maxLength: queryLengthMax,
      pattern: sortPattern.source,
      description: "Fields separated by commas, ascending unless `:desc` follows. Otherwise by code.",
    });

export const sitesQuery = z.object(
  deferredMembers({
    includeInactive: () => flag("true: inactive sites, too, which needs the scope `site.site_manage`."),
    q: termsIn,
    sort: ordersIn,
    expand,
    ...pagingMembers,
    totalCount: () => flag("true: the header X-Count gives the number of sites on all pages."),
  }),
);

export const siteQuery = z.object(deferredMembers({ expand }));

/** What the use-case takes. */
export const siteListInput = ({
  includeInactive,
  q: terms,
  sort: orders,
  expand: expansion,
  pageNumber,
  pageSize,
}: z.output<typeof sitesQuery>) => ({ includeInactive, terms, orders, expansion, page: { pageNumber, pageSize } });
