/** The database refused a commit: another writer was faster, or an id or code is already taken. Nothing was stored. */
export class StoreConflict extends Error {
  override readonly name = "StoreConflict";
}

/** Storage cannot answer now. Whether a write took effect is unknown. */
export class StoreUnavailable extends Error {
  override readonly name: string = "StoreUnavailable";
}

/** Too many requests are waiting for storage. Nothing was done, and an immediate retry would make it worse. */
export class StoreOverloaded extends StoreUnavailable {
  override readonly name = "StoreOverloaded";
}

/** Storage did not answer a write, so whether it took effect is unknown. Repeating the same request finds out. */
export class StoreOutcomeUnknown extends StoreUnavailable {
  override readonly name = "StoreOutcomeUnknown";
}

/** The tenant's data is moving to another database, or has moved. Nothing was stored here, and nothing will be. */
export class TenantMoving extends StoreUnavailable {
  override readonly name = "TenantMoving";
}
