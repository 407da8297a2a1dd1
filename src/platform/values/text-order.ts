/** The order of two texts by their UTF-16 code units: total, and the same everywhere, unlike a locale's. */
export const compareText = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);
