/** What the sweep is called that verifies all ledgers. */
export const verificationSweep = "verification";
