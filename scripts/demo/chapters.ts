import type { Chapter } from "./chapter.ts";
import { earningChapters } from "./earning.ts";
import { exchangeChapters } from "./exchanging.ts";
import { balanceChapters } from "./explaining-the-balance.ts";
import { givingBackChapters } from "./giving-back.ts";
import { setUpChapters } from "./setting-up.ts";
import { checkoutChapters } from "./using-the-coupon.ts";

/** The story, in its order. Every number in it is computed by hand from what the chapters before have done. */
export const chapters: readonly Chapter[] = [
  ...setUpChapters,
  ...earningChapters,
  ...exchangeChapters,
  ...checkoutChapters,
  ...givingBackChapters,
  ...balanceChapters,
];
