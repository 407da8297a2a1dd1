import { verifyLedgers } from "./audit/use-cases/verify-ledgers.ts";
import { enterExpiries } from "./ledger/use-cases/enter-expiries.ts";
import { resumeExchanges } from "./ledger/use-cases/resume-exchanges.ts";
import { pruneEvents } from "./orders/use-cases/prune-events.ts";
import { resendEvents } from "./orders/use-cases/resend-events.ts";
import type { Services } from "./platform/http/services.ts";
import { removeIdempotencyRecords } from "./platform/requests/remove-idempotency-records.ts";
import { errorFacts } from "./platform/runtime/error-facts.ts";
import { withinDeadline } from "./platform/runtime/within-deadline.ts";
import { pollChanges } from "./polling/use-cases/poll-changes.ts";

/** A job of the timer. Each run does a bounded amount of work. @returns numbers for the log */
export type Job = (services: Services) => Promise<Readonly<Record<string, number>>>;

/** All jobs in the order in which they run: first those that people wait for. */
export const jobs: Readonly<Record<string, Job>> = {
  resumeExchanges,
  resendEvents,
  pollChanges,
  enterExpiries,
  removeIdempotencyRecords,
  pruneEvents,
  verifyLedgers,
};

/** Each job ends by itself well before this. A job that hangs must not keep the others from running. */
const jobDeadlineMs = 45_000;

/**
 * Runs the jobs one after another. If one fails, the log says which, and the others still run. The next run takes up
 * what a job left undone.
 */
export async function runJobs(services: Services, given: Readonly<Record<string, Job>> = jobs): Promise<void> {
  const done: Record<string, Readonly<Record<string, number>> | "failed"> = {};
  for (const [name, job] of Object.entries(given)) {
    try {
      const expired = () => new Error(`The job did not end within ${jobDeadlineMs} ms.`);
      done[name] = await withinDeadline(job(services), jobDeadlineMs, expired);
    } catch (error) {
      services.log.error("job_failed", { job: name, ...errorFacts(error) });
      done[name] = "failed";
    }
  }
  services.log.info("jobs_run", done);
}
