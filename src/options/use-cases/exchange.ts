import type { ExchangeTerms } from "../../ledger/rules/command.ts";
import type { ExchangeFailure } from "../../ledger/rules/failure.ts";
import type { LedgerAnswer } from "../../ledger/use-cases/ports.ts";
import { sendCommand } from "../../ledger/use-cases/send-command.ts";
import { idempotencyKeyOf } from "../../platform/requests/context.ts";
import type { CustomerId, RedeemOptionId, SiteCode } from "../../platform/values/identifiers.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { Context } from "./context.ts";
import type { KeyedExchange } from "./ports.ts";

interface ExchangeRequest {
  readonly customerId: CustomerId;
  readonly redeemOptionId: RedeemOptionId;
  readonly siteCode: SiteCode;
}

/**
 * Exchanges a signed-in customer's points for a coupon. A repetition of an exchange that has just succeeded in this
 * isolate is answered from memory. The ledger recognizes every other repetition.
 */
export async function exchange(context: Context, request: ExchangeRequest): Promise<LedgerAnswer<"exchange">> {
  const { recentExchanges } = context.services;
  const keyed = keyedExchange(context, request);
  const known = keyed === null ? null : recentExchanges.recall(keyed);
  if (known !== null) return { result: succeed({ kind: "exchanged", couponCode: known }), replayed: true };

  const answer = await exchangeInLedger(context, request);
  const { result } = answer;
  if (keyed !== null && result.ok && result.value.kind === "exchanged") {
    recentExchanges.keep(keyed, result.value.couponCode);
  }
  return answer;
}

/**
 * The option may have been read a while ago. If it has changed since, the ledger refuses the exchange, and the option
 * is read again. A refusal by the option or the site goes to the ledger as data, because the ledger must still answer
 * a repetition of an earlier exchange whose option is gone.
 */
async function exchangeInLedger(context: Context, request: ExchangeRequest): Promise<LedgerAnswer<"exchange">> {
  const { customerId, redeemOptionId, siteCode } = request;
  for (let attempt = 1; ; attempt += 1) {
    const terms = await exchangeTerms(context, redeemOptionId, siteCode);
    const answer = await sendCommand(context, customerId, { kind: "exchange", terms }, { redeemOptionId, siteCode });
    const isOutdated = !answer.result.ok && answer.result.failure.code === "option_changed";
    if (!isOutdated || attempt >= attemptsMax) return answer;
    context.services.recentRedeemOptions.forget(context.principal.tenant, redeemOptionId);
  }
}

/** How often an exchange is tried while its option is being changed. */
const attemptsMax = 3;

/** Null when the request has no idempotency key. */
function keyedExchange(context: Context, { redeemOptionId, siteCode }: ExchangeRequest): KeyedExchange | null {
  const idempotencyKey = idempotencyKeyOf(context);
  return idempotencyKey && { tenant: context.principal.tenant, idempotencyKey, siteCode, redeemOptionId };
}

async function exchangeTerms(
  { services, principal }: Context,
  id: RedeemOptionId,
  siteCode: SiteCode,
): Promise<Result<ExchangeTerms, ExchangeFailure>> {
  const [settings, option] = await Promise.all([
    services.siteSettings.effective(principal.tenant, siteCode),
    services.recentRedeemOptions.find(principal.tenant, id),
  ]);
  if (!settings.enabled) return refuse({ code: "rewards_disabled", siteCode });
  if (option === null) return refuse({ code: "redeem_option_not_found", id });
  if (option.type !== "coupon" || option.coupon === null) return refuse({ code: "redeem_option_without_coupon", id });
  const issuer = services.couponService === null ? "embedded" : "upstream";
  return succeed({
    redeemOptionId: id,
    optionStamp: { id, version: option.version, createdAt: option.createdAt },
    points: option.points,
    description: option.description,
    // Emporix stores codes in upper case. The customer must see the code that is stored there.
    couponPrefix: issuer === "upstream" ? settings.codePrefix.toUpperCase() : settings.codePrefix,
    coupon: option.coupon,
    issuer,
  });
}
