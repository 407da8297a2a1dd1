import type { RedeemOptionId } from "../../platform/values/identifiers.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { RedeemOption, RedeemOptionTerms } from "../rules/redeem-option.ts";
import type { Context } from "./context.ts";
import { areTooLong, hasTerms, redeemOptionsBytesMax } from "./create-redeem-option.ts";
import type { OptionFailure } from "./failure.ts";
import { type InvalidOption, optionFlaw } from "./option-flaw.ts";

/** How often an update without a given version is tried while other updates come in between. */
const attemptsMax = 5;

/**
 * Replaces the terms of a redeem option. A repetition of the request, with the version that it replaced, succeeds, too.
 * @returns the option as it is now; `option_not_found`; `option_version_conflict` when it no longer has the
 * version that the client gave; `option_texts_too_long`; `validation_failed`
 */
export async function updateRedeemOption(
  { services, principal }: Context,
  input: { readonly id: RedeemOptionId; readonly version: number | null; readonly terms: RedeemOptionTerms },
): Promise<Result<RedeemOption, OptionFailure | InvalidOption>> {
  const { id, version, terms } = input;
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    const options = await services.redeemOptions.list(principal.tenant, "latest");
    const current = options.find((option) => option.id === id);
    if (current === undefined) return refuse({ code: "option_not_found", id });
    if (version !== null && version !== current.version) {
      // This may be a repetition of a request whose answer was lost.
      const isDone = current.version === version + 1 && hasTerms(current, terms);
      return isDone ? succeed(current) : refuse({ code: "option_version_conflict", id });
    }
    const now = services.clock.now();
    const flaw = optionFlaw(terms, now);
    if (flaw !== null) return refuse(flaw);
    const updated: RedeemOption = {
      ...terms,
      id,
      version: current.version + 1,
      createdAt: current.createdAt,
      modifiedAt: now,
    };
    if (areTooLong(options, updated))
      return refuse({ code: "option_texts_too_long", limitBytes: redeemOptionsBytesMax });
    if (await services.redeemOptions.update(principal.tenant, updated, current.version)) return succeed(updated);
  }
  return refuse({ code: "option_version_conflict", id });
}
