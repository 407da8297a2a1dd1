import { z } from "zod";

/** The variable that says which database holds which tenant. */
export const mapVariable = "TENANT_DATABASES";

/** Where a tenant is that is not named, unless `*` says otherwise. */
const usualDatabase = "DB";

const mapShape = z.record(z.string(), z.string());

/** Bindings by tenant. */
export type MapOfTenants = Readonly<Record<string, string>>;

/**
 * @param text the variable's value; nothing, or nothing in it: everybody is in the usual database
 * @throws {Error} when it is not a JSON object from tenants to bindings
 */
export function mapOfTenants(text: string | undefined): MapOfTenants {
  try {
    return mapShape.parse(JSON.parse(text === undefined || text === "" ? "{}" : text));
  } catch {
    throw new Error(`${mapVariable} is not a JSON object from tenants to bindings.`);
  }
}

/** The binding of the database that holds the tenant. */
export const homeOf = (map: MapOfTenants, tenant: string): string => map[tenant] ?? map["*"] ?? usualDatabase;

/** The map after a move. Who is where all others are need not be named. */
export function mapWith(map: MapOfTenants, tenant: string, binding: string): MapOfTenants {
  const { [tenant]: _before, ...others } = map;
  return homeOf(others, tenant) === binding ? others : { ...others, [tenant]: binding };
}
