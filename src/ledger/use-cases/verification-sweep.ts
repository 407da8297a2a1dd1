/** The name of the sweep that verifies all ledgers. */
export const verificationSweep = "verification";
