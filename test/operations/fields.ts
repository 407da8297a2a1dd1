import { type BadJson, badMoments, badTexts, badValues } from "../support/bad-input.ts";

/** What an identifier names. */
export type Named =
  | "tenant"
  | "customer"
  | "option"
  | "code"
  | "redemption"
  | "event"
  | "entry"
  | "order"
  | "site"
  | "mixin"
  | "key"
  | "client";

/** What something names, how a query in words does, or why it names nothing. */
export type Naming = Named | readonly string[] | { readonly namesNothing: string };

/** A parameter, or a field of a body. What is right is stated here once more, independently of the schemas. */
export interface Field {
  /** Whether it may be `value`; for a parameter, its text. */
  readonly accepts: (value: unknown) => boolean;
  readonly names: Naming;
  /** Bad values for it besides {@link badForAll}. */
  readonly bad?: readonly BadJson[];
  /** What is shown of an accepted value; the value itself unless given. */
  readonly shown?: (value: never) => unknown;
  /** What fuzz draws it from, where it names nothing and is still no text like any other. */
  readonly draws?: "currency" | "version";
}

/** Bad values for every field of a body. */
export const badForAll: readonly BadJson[] = [...badValues, ...badTexts];

const namesNothing = (because: string): Naming => ({ namesNothing: because });
const shown = namesNothing("text that is only shown");
const counted = namesNothing("a number or a choice of a few words");
const timed = namesNothing("a moment");
const held = namesNothing("what is in it has places of its own");
export const secret = namesNothing("a secret");
export const otherwiseTested = (where: string): Naming => namesNothing(`other tenants' are in ${where}`);

export const isText = (value: unknown): value is string => typeof value === "string";
export const codePoints = (text: string) => [...text].length;
const isStorable = (text: string) => text.isWellFormed() && !text.includes("\u0000");
const isObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
const isInteger =
  (min: number, max: number = Number.MAX_SAFE_INTEGER) =>
  (value: unknown) =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
const isNumber = (min: number, max: number) => (value: unknown) =>
  typeof value === "number" && value >= min && value <= max;
export const isId = (value: unknown) => isText(value) && /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]{1,128}$/u.test(value);

/** A number, or a choice of a few words. */
export const choice = (accepts: Field["accepts"]): Field => ({ accepts, names: counted });
export const oneOf = (...words: readonly unknown[]): Field => choice((value) => words.includes(value));
export const naming = (names: Naming, field: Field): Field => ({ ...field, names });
export const orNull = (field: Field): Field => ({
  ...field,
  accepts: (value) => value === null || field.accepts(value),
});
/** What must be right, and does nothing. */
export const ignored = (field: Field): Field => ({ ...field, shown: () => undefined });

export const integer = (min: number, max?: number): Field => choice(isInteger(min, max));
export const number = (min: number, max: number): Field => choice(isNumber(min, max));
export const amount = integer(1);
export const version: Field = { ...integer(0), draws: "version" };
export const usageLimit = choice((value) => value === -1 || isInteger(1)(value));
export const money = number(0, Number.MAX_SAFE_INTEGER);
export const moneyOff = number(0.01, Number.MAX_SAFE_INTEGER);
export const flag = choice((value) => typeof value === "boolean");
/** No bad value is a right one by chance. */
export const never = choice(() => false);
export const text = (max: number, min = 0): Field => ({
  accepts: (value) => isText(value) && isStorable(value) && codePoints(value) >= min && codePoints(value) <= max,
  names: shown,
});
export const anyText: Field = { accepts: () => true, names: shown };
/** Text of any characters. */
export const upTo = (max: number, min = 0): Field => ({
  accepts: (value) => isText(value) && codePoints(value) >= min && codePoints(value) <= max,
  names: shown,
});

export const customerId: Field = { accepts: isId, names: "customer" };
export const entryId: Field = {
  accepts: (value) => isId(value) && !/^(order|restored|refund|settled|expired):/.test(String(value)),
  names: "entry",
};
export const optionId: Field = {
  accepts: (value) => isText(value) && /^[A-Za-z0-9_.~-]{1,128}$/.test(value),
  names: "option",
};
export const siteCode: Field = {
  accepts: (word) => isId(word) && /^[^\s#]{1,64}$/u.test(String(word)),
  names: "site",
};
export const mixinName: Field = {
  accepts: (word) =>
    /^[A-Za-z0-9_.-]{1,64}$/.test(String(word)) && !["__proto__", "constructor", "prototype"].includes(String(word)),
  names: "mixin",
};

/** An object of which no bad value has all that it needs. */
export const object: Field = { accepts: () => false, names: held };
/** Objects whose members have all a default: what is in them is not asked for, and left out. */
export const objectOfDefaults = (defaults: unknown): Field => ({
  accepts: isObject,
  names: held,
  shown: () => defaults,
});
/** An object whose members have all a default, and that takes no other members. */
export const strictObjectOfDefaults = (defaults: unknown): Field => ({
  accepts: (value) => isObject(value) && Object.keys(value as object).length === 0,
  names: held,
  shown: () => defaults,
});
export const customerIds: Field = {
  accepts: (value) => Array.isArray(value) && value.length <= 1_000 && value.every(isId),
  names: held,
};
/** What coupons cannot do here: it may only be said that they need not. Nothing of it is kept. */
const only = (isNothing: (value: unknown) => boolean, names: Naming): Field => ({
  accepts: isNothing,
  names,
  shown: () => undefined,
});
export const noFlag = only((value) => value === false, counted);
export const noList = only((value) => Array.isArray(value) && value.length === 0, held);
export const noMembers = only((value) => isObject(value) && Object.keys(value as object).length === 0, held);
export const onlyWord = (word: string): Field => only((value) => value === word, counted);

const noCurrency: BadJson = { json: '"QQQ"', why: "no currency" };
/** Three letters are not enough for a currency. */
export const currency: Field = {
  accepts: (value) => isText(value) && Intl.supportedValuesOf("currency").includes(value.toUpperCase()),
  names: counted,
  bad: [{ json: '"chf"', why: "a currency" }, noCurrency],
  draws: "currency",
};
export const upperCaseCurrency: Field = {
  ...currency,
  bad: [noCurrency],
  shown: (value: string) => value.toUpperCase(),
};

/** Every part of a date and time within its range, and the whole within the years 0000 to 9999. */
function isMoment(value: unknown): boolean {
  if (!isText(value)) return false;
  const parts = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:Z|[+-](\d\d):(\d\d))$/.exec(value);
  if (parts === null) return false;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, hours = 0, minutes = 0] = parts
    .slice(1)
    .map((part) => Number(part ?? 0));
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isDay = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!isDay || hour > 23 || minute > 59 || second > 59 || hours > 23 || minutes > 59) return false;
  return /^\d{4}-/.test(new Date(value).toISOString());
}
export const moment: Field = {
  accepts: isMoment,
  names: timed,
  bad: badMoments,
  shown: (value: string) => new Date(value).toISOString(),
};
export const futureMoment: Field = {
  ...moment,
  accepts: (value) => isMoment(value) && Date.parse(String(value)) > Date.now(),
};
