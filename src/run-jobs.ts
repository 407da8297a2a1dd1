import { verifyLedgers } from "./audit/use-cases/verify-ledgers.ts";
import { postLapses } from "./ledger/use-cases/post-lapses.ts";
import { resumeExchanges } from "./ledger/use-cases/resume-exchanges.ts";
import { pruneEvents } from "./orders/use-cases/prune-events.ts";
import { resendEvents } from "./orders/use-cases/resend-events.ts";
import type { Services } from "./platform/http/services.ts";
import { removeIdempotencyRecords } from "./platform/requests/remove-idempotency-records.ts";
import { errorFacts } from "./platform/runtime/error-facts.ts";
import { withinDeadline } from "./platform/runtime/within-deadline.ts";

/** What the timer has done regularly: a bounded piece of it at a time. @returns numbers for the log */
export type Job = (services: Services) => Promise<Readonly<Record<string, number>>>;

/** All jobs, in the order in which they run: first what somebody waits for. */
export const jobs: Readonly<Record<string, Job>> = {
  resumeExchanges,
  resendEvents,
  postLapses,
  removeIdempotencyRecords,
  pruneEvents,
  verifyLedgers,
};

/** Each job ends by itself well before; one that hangs must not keep the others from running. */
const jobDeadlineMs = 45_000;

/**
 * Runs one job after another. Each fails alone: the log tells which one, and the others run all the same. What a job
 * has left undone is there for the next run.
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
