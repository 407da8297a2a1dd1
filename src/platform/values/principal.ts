import type { Actor, CustomerId, TenantId } from "./identifiers.ts";

/**
 * Who sends a request, according to a verified token. A customer has a customer id and no scopes. An employee or an
 * API client has scopes. A guest of the tenant has neither.
 */
export interface Principal {
  readonly tenant: TenantId;
  readonly customerId: CustomerId | null;
  readonly scopes: ReadonlySet<string>;
  /** How the journal and the logs name the caller: `customer:…`, `client:…`, `client:…/user:…`, `guest`. */
  readonly actor: Actor;
}
