import type { Branded } from "./branded.ts";

/** A merchant's name: 3–16 characters, lower case, as the contract's tenant parameter requires. */
export type TenantId = Branded<string, "TenantId">;
/** A customer's id within a tenant: 1–128 printable characters, compared exactly and never interpreted. */
export type CustomerId = Branded<string, "CustomerId">;
/** The id of one ledger entry, unique within its customer's ledger. The client or the service chooses it. */
export type EntryId = Branded<string, "EntryId">;
/** The id of one attempt to change a ledger (UUIDv7). The same command never takes effect twice. */
export type CommandId = Branded<string, "CommandId">;
export type RedeemOptionId = Branded<string, "RedeemOptionId">;
export type SiteCode = Branded<string, "SiteCode">;
/** Who caused a change, as an auditor reads it: `client:backoffice/user:42`, `customer:C1`, … */
export type Actor = Branded<string, "Actor">;

/** The actor that stands for a customer. */
export const actorOfCustomer = (customerId: CustomerId): Actor => `customer:${customerId}` as Actor;

/** Names that have another meaning in the API's paths, so no tenant can have them. */
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

/** Path normalization removes these segments, so no path could contain such a name. */
const isDots = (text: string): boolean => text === "." || text === "..";

export const parseCustomerId = (text: string): CustomerId | null =>
  fits(text, customerIdLengthMax) && isPrintable(text) && !isDots(text) ? (text as CustomerId) : null;

/** Ids that the service gives to its own entries, such as reversals and expiry. No client can take them. */
const ownEntryIdPattern = /^(order|restored|refund|settled|expired):/;

export const parseEntryId = (text: string): EntryId | null =>
  fits(text, entryIdLengthMax) && isPrintable(text) && !ownEntryIdPattern.test(text) ? (text as EntryId) : null;

/** Site codes as the Site Settings contract defines them: no white space, no `#`. */
export const parseSiteCode = (text: string): SiteCode | null =>
  siteCodePattern.test(text) && isPrintable(text) && !isDots(text) ? (text as SiteCode) : null;

/** The site of requests without a `siteCode` (the contract's default). */
export const defaultSiteCode = "main" as SiteCode;
