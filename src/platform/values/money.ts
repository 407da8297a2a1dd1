import Big from "big.js";

// Amounts arrive as JSON numbers. What counts is their shortest decimal text, which is what the client wrote.
// big.js starts from it, so 0.1 + 0.2 is 0.3 here.

/** Whether two amounts have the same currency. The case of currency codes does not matter. */
export const isSameCurrency = (left: MoneyAmount, right: MoneyAmount): boolean =>
  left.currency.toUpperCase() === right.currency.toUpperCase();

/** Whether `amount` is more than `limit`, compared exactly. Both are in units of the same currency. */
export const exceeds = (amount: number, limit: number): boolean => new Big(amount).gt(limit);

/**
 * `percentage` of `total`, rounded up to the cent, or to the currency's smallest unit if that is larger (a whole yen).
 * No other way of rounding gives more.
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
