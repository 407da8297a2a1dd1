import type { CommitLane } from "./ledger/objects/commit-lane.ts";
import type { CustomerLedger } from "./ledger/objects/customer-ledger.ts";
import type { QueuedEvent } from "./orders/use-cases/event-ports.ts";

/** What the platform binds to the Worker; see wrangler.toml. */
export interface Bindings {
  /** The usual database. Others can be bound under any name; TENANT_DATABASES says which tenants each one holds. */
  readonly DB: D1Database;
  readonly SETTINGS_CACHE: KVNamespace;
  readonly CUSTOMER_LEDGER: DurableObjectNamespace<CustomerLedger>;
  /** Joins the commits of many ledgers; see COMMIT_LANES. */
  readonly COMMIT_LANE: DurableObjectNamespace<CommitLane>;
  readonly ORDER_EVENTS: Queue<QueuedEvent>;
  /** Rate limits; see src/access/integrations/binding-rate-limiter.ts. A missing binding limits nothing. */
  readonly ADDRESS_LIMIT?: RateLimit;
  readonly CUSTOMER_LIMIT?: RateLimit;
  readonly CLIENT_LIMIT?: RateLimit;
  readonly STRICT_ADDRESS_LIMIT?: RateLimit;
  readonly STRICT_CUSTOMER_LIMIT?: RateLimit;
  readonly STRICT_CLIENT_LIMIT?: RateLimit;
  readonly TOKEN_REQUEST_LIMIT?: RateLimit;
}

declare global {
  namespace Cloudflare {
    interface Env extends Bindings {}
  }
}
