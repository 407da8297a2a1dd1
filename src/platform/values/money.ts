import Big from "big.js";

// Amounts come as JSON numbers. Their shortest decimal text, which is what the client wrote, is what counts:
// big.js starts from it, so that 0.1 + 0.2 is 0.3 here.

/** Whether two amounts are of one currency; currency codes are compared without regard to case. */
export const isSameCurrency = (left: MoneyAmount, right: MoneyAmount): boolean =>
  left.currency.toUpperCase() === right.currency.toUpperCase();

/** Whether `amount` is more than `limit`, exactly; both in units of one currency. */
export const exceeds = (amount: number, limit: number): boolean => new Big(amount).gt(limit);

/**
 * `percentage` of `total`, rounded up to the cent, or to the currency's smallest unit where that is larger (a whole
 * yen): the most that any way of rounding makes of it.
 */
export function percentageOf(total: MoneyAmount, percentage: number): MoneyAmount {
  const share = new Big(total.amount).times(percentage).times("0.01");
  const rounded = share.round(Math.min(decimalPlacesOf(total.currency), cents), Big.roundUp);
  return { amount: rounded.toNumber(), currency: total.currency };
}

/** The smallest amount that anything can cost in a currency: a cent, a whole yen, a thousandth of a dinar. */
export const smallestAmount = (currency: string): number => Number(`1e-${decimalPlacesOf(currency)}`);

const cents = 2;

function decimalPlacesOf(currency: string): number {
  const { maximumFractionDigits } = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions();
  return maximumFractionDigits ?? cents;
}

export interface MoneyAmount {
  /** In units of the currency, not in minor units (the contract's representation). */
  readonly amount: number;
  /** ISO 4217 code. */
  readonly currency: string;
}
