import {
  anyText,
  choice,
  customerId,
  type Field,
  isText,
  mixinName,
  moment,
  naming,
  oneOf,
  otherwiseTested,
  siteCode,
  text,
} from "./fields.ts";

/** A number of a page, or of how many items it has. */
export const wholeNumber = (max: number): Field =>
  choice((word) => isText(word) && /^[1-9][0-9]*$/.test(word) && Number(word) <= max);

const flag = oneOf("true", "false");
const terms: Field = {
  // None of the bad words is a term.
  accepts: (word) => /^ *$/.test(String(word)) && String(word).isWellFormed(),
  names: ["issuedTo:{customer}", "code:{code}", "customerNumber:{customer}", "orderCode:{order}"],
};

/** The parameters of all operations. Where one is different in some operation, it stands in the operation's entry. */
export const parameters: Readonly<Record<string, Field>> = {
  "path:tenant": naming("tenant", anyText),
  "path:customerId": customerId,
  "path:customerNumber": customerId,
  "path:redeemOptionId": naming("option", anyText),
  "path:code": naming("code", text(512, 1)),
  "path:id": naming("redemption", text(128, 1)),
  "path:eventId": naming("event", text(64, 1)),
  "path:siteCode": siteCode,
  "path:mixinName": mixinName,
  "query:siteCode": siteCode,
  "query:issuedTo": customerId,
  "query:customerId": customerId,
  "query:customerNumber": customerId,
  "query:code": naming("code", text(512, 1)),
  "query:orderId": naming("order", text(128, 1)),
  "query:orderCode": naming("order", text(255, 1)),
  "query:q": terms,
  "query:status": oneOf("INACTIVE", "VALID", "EXPIRED", "USED"),
  "query:verdict": oneOf("granted", "reversed", "restored", "erased", "duplicate", "waiting", "ignored", "failed"),
  "query:showDeleted": flag,
  "query:includeInactive": flag,
  "query:expand": {
    accepts: (word) =>
      /^((payment|shipping|tax):(all|active|none)|mixins?(:([*]|[A-Za-z0-9_.-]+))?)$/.test(String(word)),
    names: ["mixin:{mixin}"],
  },
  "query:acceptExpired": flag,
  "query:allowWorse": flag,
  "query:partial": flag,
  "query:totalCount": flag,
  "query:sort": oneOf("issuedAt", "code", "redeemedAt"),
  "query:pageNumber": wholeNumber(999_999_999),
  "query:pageSize": wholeNumber(1_000),
  "query:deep": oneOf("0", "1"),
  "query:asOf": moment,
  "header:idempotency-key": naming("key", text(255, 1)),
  "header:x-total-count": choice(() => true),
  "header:emporix-event-signature": naming(otherwiseTested("test/trust/signatures.test.ts"), anyText),
};
