/** Orders two texts by their UTF-16 code units. The order is total and, unlike a locale's, the same everywhere. */
export const compareText = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);
