import type { Services } from "./services.ts";
import { raiseAlert, verifyBooks } from "./verify-ledger.ts";

/** Ledgers in one run, and how long it may take; the next run goes on where this one ends. */
const ledgersPerRun = 500;
const ledgersPerRead = 50;
const runMsMax = 20_000;

/**
 * Verifies the next slice of all tenants' ledgers, and begins again when it has come to the end. Repairs nothing: what
 * it finds is kept and logged. A ledger that cannot be read now is looked at in the next round.
 * @returns how many ledgers it has verified, and how many of them had findings
 */
export async function verifyLedgers(services: Services): Promise<{ verified: number; unsound: number }> {
  const { clock, ledgerBooks, ledgerFindings, log } = services;
  const startedAt = clock.now();
  let { after, roundStartedAt } = (await ledgerFindings.position()) ?? { after: null, roundStartedAt: startedAt };
  let [verified, unsound] = [0, 0];
  while (verified < ledgersPerRun && clock.now() - startedAt < runMsMax) {
    const keys = await ledgerBooks.keysAfter(after, ledgersPerRead);
    for (const key of keys) {
      try {
        const verification = await verifyBooks(services, key);
        if (verification !== null && verification.findings.length > 0) {
          unsound += 1;
          await raiseAlert(services, key, verification.findings);
        }
      } catch (error) {
        const reason = error instanceof Error ? error.name : "unknown";
        log.warn("ledger_not_verified", { tenant: key.tenant, reason });
      }
      verified += 1;
      after = key;
    }
    if (keys.length < ledgersPerRead) {
      log.info("ledgers_verified_round", { roundMs: clock.now() - roundStartedAt });
      after = null;
      roundStartedAt = clock.now();
      await ledgerFindings.moveTo({ after, roundStartedAt }, clock.now());
      break;
    }
    await ledgerFindings.moveTo({ after, roundStartedAt }, clock.now());
  }
  return { verified, unsound };
}
