import fc from "fast-check";

// Every mutant meets the same examples, so that the score changes only when the code or its tests do. Fewer of them
// than in `npm test`: they run once for each of more than a thousand mutants.
fc.configureGlobal({ seed: 0, numRuns: 20 });
