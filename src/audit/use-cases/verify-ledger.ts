import { activePoints } from "../../ledger/rules/ledger.ts";
import type { LedgerKey } from "../../ledger/rules/ledger-key.ts";
import type { LedgerNotFound } from "../../ledger/use-cases/failure.ts";
import type { LedgerHead } from "../../ledger/use-cases/ports.ts";
import type { CustomerId } from "../../platform/values/identifiers.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import { audit, type Finding } from "../rules/audit.ts";
import type { Context, Services } from "./context.ts";

/** The result of verifying one ledger. */
export interface Verification {
  readonly customerId: CustomerId;
  readonly checkedAt: EpochMs;
  readonly entryCount: number;
  /** The seal of the last entry. Anyone who keeps it can check later that nothing up to this entry has changed. */
  readonly head: LedgerHead;
  /** The balance according to the journal. */
  readonly activePoints: number;
  /** Empty when the ledger is sound. */
  readonly findings: readonly Finding[];
}

/** How often a balance is compared at most. It may change between the two reads. */
const comparisonsMax = 3;

/**
 * Replays a customer's journal, and compares with it everything that is stored and what the ledger's object answers.
 * `ledger_not_found` when there is no ledger. Repairs nothing; findings are stored and logged.
 */
export async function verifyLedger(
  { services, principal }: Context,
  customerId: CustomerId,
): Promise<Result<Verification, LedgerNotFound>> {
  const key: LedgerKey = { tenant: principal.tenant, customerId };
  const heads = new Set<LedgerHead>();
  for (let comparison = 1; ; comparison += 1) {
    const verification = await verifyBooks(services, key);
    if (verification === null) return refuse({ code: "ledger_not_found", customerId });
    heads.add(verification.head);
    const wrongAnswer = await differingAnswer(services, key, verification);
    if (wrongAnswer === null || comparison === comparisonsMax) {
      // If entries were added in between, the two were read at different moments and may differ.
      const isComparable = heads.size === 1;
      const findings =
        wrongAnswer !== null && isComparable ? [...verification.findings, wrongAnswer] : verification.findings;
      if (findings.length > 0) await raiseAlert(services, key, findings);
      return succeed({ ...verification, findings });
    }
  }
}

/** Verifies what is stored of a ledger; null when nothing is. */
export async function verifyBooks(services: Services, key: LedgerKey): Promise<Verification | null> {
  const read = await services.ledgerBooks.read(key);
  if (read === null) return null;
  const { ledger, findings } = audit(read.books);
  const now = services.clock.now();
  return {
    customerId: key.customerId,
    checkedAt: now,
    entryCount: read.books.entries.length,
    head: read.head,
    activePoints: activePoints(ledger, now),
    findings,
  };
}

/** The finding when the ledger's object answers a balance other than the journal's; null otherwise. */
async function differingAnswer(
  { ledgers }: Services,
  key: LedgerKey,
  { activePoints: expected }: Verification,
): Promise<Finding | null> {
  const answered = await ledgers.activePoints(key);
  if (!answered.ok || answered.value === expected) return null;
  const message = `The ledger answers a balance of ${answered.value}, but the journal adds up to ${expected}.`;
  return { kind: "wrong-answer", sequence: null, message };
}

/** Stores findings and logs them as an error, so that an operator looks. */
export async function raiseAlert(services: Services, key: LedgerKey, findings: readonly Finding[]): Promise<void> {
  const { clock, ledgerFindings, log } = services;
  log.error("ledger_findings", {
    tenant: key.tenant,
    findings: findings.length,
    kinds: [...new Set(findings.map(({ kind }) => kind))],
  });
  await ledgerFindings.keep(key, findings, clock.now());
}
