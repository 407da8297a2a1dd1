import type { LedgerKey } from "../../ledger/rules/ledger-key.ts";
import { StoreUnavailable } from "../../platform/runtime/store-errors.ts";
import { withinDeadline } from "../../platform/runtime/within-deadline.ts";
import type { Services } from "./context.ts";
import { raiseAlert, verifyBooks } from "./verify-ledger.ts";

/** Ledgers in one run, and how long it may take; the next run goes on where this one ends. */
const ledgersPerRun = 500;
const ledgersPerRead = 50;
const runMsMax = 20_000;
/** How long one ledger may take: one that nobody can read in time must not keep all others from being looked at. */
const ledgerMsMax = 10_000;

/**
 * Verifies the next slice of all tenants' ledgers, and begins again when it has come to the end. Repairs nothing: what
 * it finds is kept and logged. A ledger that cannot be read now is looked at in the next round.
 * @returns how many ledgers it has verified, and how many of them had findings
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
      // What is left of the slice is the next run's: where this one ends has to be kept before it is ended.
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

/** @returns false when there are findings, which are kept and logged; nothing is found in what cannot be read */
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
