import type { Branded } from "./branded.ts";

/** A merchant's name: 3–16 characters, lower case, as the contract's tenant parameter has it. */
export type TenantId = Branded<string, "TenantId">;
/** A customer's id within a tenant: 1–128 printable characters, compared exactly and never interpreted. */
export type CustomerId = Branded<string, "CustomerId">;
/** The id of one ledger entry, unique within its customer's ledger; the client's own, or the command's. */
export type EntryId = Branded<string, "EntryId">;
/** The id of one attempt to change a ledger (UUIDv7). The same command never takes effect twice. */
export type CommandId = Branded<string, "CommandId">;
export type RedeemOptionId = Branded<string, "RedeemOptionId">;
export type SiteCode = Branded<string, "SiteCode">;
/** Who caused a change, as an auditor reads it: `client:backoffice/user:42`, `customer:C1`, … */
export type Actor = Branded<string, "Actor">;

/** How a customer is named as an actor. */
export const actorOfCustomer = (customerId: CustomerId): Actor => `customer:${customerId}` as Actor;

/** Names that stand for something else in the API's paths and so cannot be a tenant's. */
const reservedTenantNames: ReadonlySet<string> = new Set(["customer", "public"]);
const tenantPattern = /^[a-z][a-z0-9-]{2,15}$/;
/** Control characters, line and paragraph separators, and lone surrogates are not printable text. */
const unprintablePattern = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u;
const siteCodePattern = /^[^\s#]{1,64}$/u;

export const customerIdLengthMax = 128;
export const entryIdLengthMax = 128;

const isPrintable = (text: string): boolean => !unprintablePattern.test(text);
const fits = (text: string, lengthMax: number): boolean => text.length > 0 && [...text].length <= lengthMax;

export const parseTenantId = (text: string): TenantId | null =>
  tenantPattern.test(text) && !reservedTenantNames.has(text) ? (text as TenantId) : null;

/** Segments that every path's normalization removes: nobody of that name could be addressed. */
const isDots = (text: string): boolean => text === "." || text === "..";

export const parseCustomerId = (text: string): CustomerId | null =>
  fits(text, customerIdLengthMax) && isPrintable(text) && !isDots(text) ? (text as CustomerId) : null;

/** Ids of entries that the service makes for orders, refunds, debts and expiry; no client can take them. */
const ownEntryIdPattern = /^(order|restored|refund|settled|lapsed):/;

export const parseEntryId = (text: string): EntryId | null =>
  fits(text, entryIdLengthMax) && isPrintable(text) && !ownEntryIdPattern.test(text) ? (text as EntryId) : null;

/** Site codes as the Site Settings contract has them: no white space, no `#`. */
export const parseSiteCode = (text: string): SiteCode | null =>
  siteCodePattern.test(text) && isPrintable(text) && !isDots(text) ? (text as SiteCode) : null;

/** The site that requests without a `siteCode` mean (the contract's default). */
export const defaultSiteCode = "main" as SiteCode;
