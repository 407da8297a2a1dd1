import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { getPlatformProxy, unstable_readConfig } from "wrangler";
import { z } from "zod";
import { readLocalSecrets } from "../local-secrets.ts";
import { type MapOfTenants, mapOfTenants, mapVariable } from "./map-of-tenants.ts";
import type { MoveDatabase } from "./move-database.ts";
import type { MoveEnd } from "./tenant-move.ts";

const projectFolder = fileURLToPath(new URL("../..", import.meta.url));
const wranglerFile = join(projectFolder, "wrangler.toml");
/** Where wrangler keeps the local databases. */
const stateFolder = join(projectFolder, ".wrangler", "state", "v3");
/** A configuration with the databases alone: nothing else is needed, nor should it be started. */
const generatedFile = join(projectFolder, ".wrangler", "tenants", "wrangler.json");

/** What wrangler.toml says, as far as tenants and databases are concerned. */
export interface Deployment {
  readonly variables: Readonly<Record<string, unknown>>;
  readonly databases: readonly DeclaredDatabase[];
  readonly compatibilityDate: string;
}

interface DeclaredDatabase {
  readonly binding: string;
  readonly database_name: string;
  readonly database_id: string;
}

const declared = z.array(z.object({ binding: z.string(), database_name: z.string(), database_id: z.string() }));

export function readDeployment(): Deployment {
  const { vars, d1_databases: databases, compatibility_date: date } = unstable_readConfig({ config: wranglerFile });
  return { variables: vars, databases: declared.parse(databases), compatibilityDate: z.string().parse(date) };
}

/** Which database holds which tenant: as wrangler.toml says, or, on this machine, as .dev.vars says instead. */
export function mapFor({ variables }: Deployment, isRemote: boolean): MapOfTenants {
  const local = isRemote ? undefined : readLocalSecrets()[mapVariable];
  const text = local ?? variables[mapVariable];
  return mapOfTenants(typeof text === "string" ? text : undefined);
}

/**
 * Opens all databases, by binding.
 * @param isRemote the deployed ones; else those on this machine
 * @param use is done with them before they are closed
 */
export async function withDatabases<Value>(
  { databases, compatibilityDate }: Deployment,
  isRemote: boolean,
  use: (ends: ReadonlyMap<string, MoveEnd>) => Promise<Value>,
): Promise<Value> {
  mkdirSync(join(generatedFile, ".."), { recursive: true });
  const config = {
    name: "reward-points-tenants",
    compatibility_date: compatibilityDate,
    d1_databases: databases.map((database) => ({ ...database, ...(isRemote ? { remote: true } : {}) })),
  };
  writeFileSync(generatedFile, JSON.stringify(config));
  // Without a sample of `Request.cf`, which comes from the internet.
  process.env["CLOUDFLARE_CF_FETCH_ENABLED"] = "false";
  const proxy = await getPlatformProxy<Record<string, MoveDatabase>>({
    configPath: generatedFile,
    persist: isRemote ? false : { path: stateFolder },
    envFiles: [],
  });
  try {
    const ends = databases.map(({ binding }): [string, MoveEnd] => {
      const database = proxy.env[binding];
      if (database === undefined) throw new Error(`wrangler does not give the database ${binding}.`);
      return [binding, { binding, database }];
    });
    return await use(new Map(ends));
  } finally {
    await proxy.dispose();
  }
}
