import type { LedgerKey } from "../../ledger/rules/ledger-key.ts";
import { StoreUnavailable } from "../../platform/runtime/store-errors.ts";
import { withinDeadline } from "../../platform/runtime/within-deadline.ts";
import type { Services } from "./context.ts";
import { raiseAlert, verifyBooks } from "./verify-ledger.ts";

/** Limits of one run. The next run continues where this one ends. */
const ledgersPerRun = 500;
const ledgersPerRead = 50;
const runMsMax = 20_000;
/** How long one ledger may take. A ledger that cannot be read in time must not hold up the others. */
const ledgerMsMax = 10_000;

/**
 * Verifies the next slice of all tenants' ledgers, and starts over after the last one. Repairs nothing; findings are
 * stored and logged. A ledger that cannot be read now is verified in the next round.
 * @returns how many ledgers were verified, and how many of them had findings
 */
export async function verifyLedgers(services: Services): Promise<{ verified: number; unsound: number }> {
  const { clock, ledgerBooks, ledgerFindings, log } = services;
  const startedAt = clock.now();
  const isOver = () => clock.now() - startedAt >= runMsMax;
  let { after, roundStartedAt } = (await ledgerFindings.position()) ?? { after: null, roundStartedAt: startedAt };
  let [verified, unsound] = [0, 0];
  while (verified < ledgersPerRun && !isOver()) {
    const keys = await ledgerBooks.keysAfter(after, ledgersPerRead);
    let looked = 0;
    for (const key of keys) {
      // Leave the rest of the slice to the next run, while there is time to store where this one stopped.
      if (isOver()) break;
      if (!(await isFoundSound(services, key))) unsound += 1;
      looked += 1;
      after = key;
    }
    verified += looked;
    const isRound = keys.length < ledgersPerRead && looked === keys.length;
    if (isRound) {
      log.info("ledgers_verified_round", { roundMs: clock.now() - roundStartedAt });
      after = null;
      roundStartedAt = clock.now();
    }
    await ledgerFindings.moveTo({ after, roundStartedAt }, clock.now());
    if (isRound) break;
  }
  return { verified, unsound };
}

/** @returns false when there are findings, which are stored and logged; true when the ledger cannot be read */
async function isFoundSound(services: Services, key: LedgerKey): Promise<boolean> {
  let isSound = true;
  try {
    const tooLong = () => new StoreUnavailable(`The ledger was not verified within ${ledgerMsMax} ms.`);
    const verification = await withinDeadline(verifyBooks(services, key), ledgerMsMax, tooLong);
    if (verification !== null && verification.findings.length > 0) {
      isSound = false;
      await raiseAlert(services, key, verification.findings);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.name : "unknown";
    services.log.warn("ledger_not_verified", { tenant: key.tenant, reason });
  }
  return isSound;
}
