/**
 * The seed of random choices unless VERIFY_SEED names another: what passed once passes again, so that a change is
 * blamed for nothing but its own faults. `npm run verify:full` draws a new one each time, to find what is not known.
 */
export const usualSeed = 20_261_122;
