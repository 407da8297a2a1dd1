/** From where to where, without the end. */
export type Span = readonly [from: number, to: number];

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
const isWord = (token: string | undefined): boolean => /^\w/.test(token ?? "");
const isClosing = (token: string | undefined): boolean => /^[)\]}]$/.test(token ?? "");

/**
 * Where `wanted` stands in `text`. Where it does not stand as it is, it is looked for with other line breaks, blanks
 * and last commas: code that was only formatted anew, or that stands deeper or less deep, is still found.
 */
export function spansOf(text: string, wanted: string): readonly Span[] {
  const exact = spansOfPattern(text, escaped(wanted));
  return exact.length > 0 ? exact : spansOfPattern(text, loosePattern(wanted));
}

const spansOfPattern = (text: string, pattern: string): readonly Span[] =>
  [...text.matchAll(new RegExp(pattern, "g"))].map(({ index, 0: found }) => [index, index + found.length]);

function loosePattern(wanted: string): string {
  const all = wanted.match(/\w+|[^\s\w]/g) ?? [];
  const tokens = all.filter((token, index) => token !== "," || !isClosing(all[index + 1]));
  return tokens
    .map((token, index) => {
      const before = tokens[index - 1];
      if (before === undefined) return escaped(token);
      if (isWord(before) && isWord(token)) return `\\s+${escaped(token)}`;
      return isClosing(token) ? `\\s*,?\\s*${escaped(token)}` : `\\s*${escaped(token)}`;
    })
    .join("");
}
