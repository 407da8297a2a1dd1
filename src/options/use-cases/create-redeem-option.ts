import canonicalize from "canonicalize";
import { answerOnce, type KeyedAnswer } from "../../platform/requests/answer-once.ts";
import type { RedeemOptionId } from "../../platform/values/identifiers.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import { compareRedeemOptions, type RedeemOption, type RedeemOptionTerms, shownBytes } from "../rules/redeem-option.ts";
import type { Context } from "./context.ts";
import type { OptionFailure } from "./failure.ts";
import { type InvalidOption, optionFlaw } from "./option-flaw.ts";

/** The most options of one tenant: a storefront shows them all at once. */
export const redeemOptionsMax = 500;
/** The most bytes of all options of one tenant, as {@link shownBytes} counts them: a list of them stays below 3 MB. */
export const redeemOptionsBytesMax = 2_000_000;

/**
 * Adds a redeem option.
 * @param render renders the answer's body from all of the tenant's options, including the new one
 * @returns the body; `option_exists` when the given id belongs to another option, `option_limit_reached`,
 * `option_texts_too_long`, `validation_failed`
 */
export function createRedeemOption(
  context: Context,
  input: { readonly id: RedeemOptionId | null; readonly terms: RedeemOptionTerms },
  render: (options: readonly RedeemOption[]) => string,
): Promise<KeyedAnswer<OptionFailure | InvalidOption>> {
  return answerOnce(context, input, async (keyed): Promise<Result<string, OptionFailure | InvalidOption>> => {
    const { services, principal } = context;
    const options = await services.redeemOptions.list(principal.tenant, "latest");
    const now = services.clock.now();
    const id = input.id ?? (services.newId() as RedeemOptionId);
    const known = options.find((option) => option.id === id);
    if (known !== undefined) {
      // Unchanged and with the same terms: an earlier attempt of this request created it.
      const isOurs = known.version === 1 && hasTerms(known, input.terms);
      return isOurs ? succeed(render(options)) : refuse({ code: "option_exists", id });
    }
    const flaw = optionFlaw(input.terms, now);
    if (flaw !== null) return refuse(flaw);
    if (options.length >= redeemOptionsMax) return refuse({ code: "option_limit_reached", limit: redeemOptionsMax });
    const option: RedeemOption = { ...input.terms, id, version: 1, createdAt: now, modifiedAt: now };
    if (areTooLong(options, option))
      return refuse({ code: "option_texts_too_long", limitBytes: redeemOptionsBytesMax });
    const body = render([...options, option].toSorted(compareRedeemOptions));
    await services.redeemOptions.insert(principal.tenant, option, keyed === null ? null : { ...keyed, body });
    return succeed(body);
  });
}

/** Whether a tenant's options would be too long with `option` among them. A change that adds no bytes always passes. */
export function areTooLong(options: readonly RedeemOption[], option: RedeemOption): boolean {
  const own = shownBytes(option);
  const sizes = options.map((other) => ({ isOwn: other.id === option.id, bytes: shownBytes(other) }));
  const total = sizes.reduce((sum, { isOwn, bytes }) => (isOwn ? sum : sum + bytes), own);
  return total > redeemOptionsBytesMax && !sizes.some(({ isOwn, bytes }) => isOwn && own <= bytes);
}

/** Whether an option has exactly these terms. */
export function hasTerms(option: RedeemOption, terms: RedeemOptionTerms): boolean {
  const { id: _id, version: _version, createdAt: _createdAt, modifiedAt: _modifiedAt, ...own } = option;
  return canonicalize(own) === canonicalize(terms);
}
