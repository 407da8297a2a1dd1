import type { Actor, CustomerId, TenantId } from "./identifiers.ts";

/**
 * Who sends a request, as a verified token tells. With a customer id it is a customer, who has no scopes; with
 * scopes an employee or a back-office client; with neither a guest of the tenant.
 */
export interface Principal {
  readonly tenant: TenantId;
  readonly customerId: CustomerId | null;
  readonly scopes: ReadonlySet<string>;
  /** How the journal and the logs name the caller: `customer:…`, `client:…`, `client:…/user:…`, `guest`. */
  readonly actor: Actor;
}
