/** The database refused a commit: another writer was faster, or an id or code is already taken. Nothing was stored. */
export class StoreConflict extends Error {
  override readonly name = "StoreConflict";
}

/** Storage cannot answer now. After a write it is unknown whether it took effect. */
export class StoreUnavailable extends Error {
  override readonly name: string = "StoreUnavailable";
}

/** Too much is waiting for storage. Nothing was done, and asking again at once would make it worse. */
export class StoreOverloaded extends StoreUnavailable {
  override readonly name = "StoreOverloaded";
}

/** Storage did not answer a write: whether it took effect is unknown. The same request again finds out. */
export class StoreOutcomeUnknown extends StoreUnavailable {
  override readonly name = "StoreOutcomeUnknown";
}

/** The tenant's data is being moved to another database, or has been. Nothing was stored, and nothing will be here. */
export class TenantMoving extends StoreUnavailable {
  override readonly name = "TenantMoving";
}
