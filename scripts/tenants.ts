import { parseArgs } from "node:util";
import { parseTenantId } from "../src/platform/values/identifiers.ts";
import { localSecretsFile } from "./local-secrets.ts";
import { type Deployment, mapFor, readDeployment, withDatabases } from "./tenants/bound-databases.ts";
import { homeOf, type MapOfTenants, mapVariable, mapWith } from "./tenants/map-of-tenants.ts";
import { absencesIn, cancelMove, finishMove, type MoveEnd, moveTenant } from "./tenants/tenant-move.ts";
import { setVariable } from "./tenants/variable-file.ts";
import { runScript, UsageError } from "./usage-error.ts";
import { runWrangler } from "./wrangler.ts";

// Takes tenants from one of the service's databases to another: docs/adr/0023-tenants-over-several-databases.md.

const usage = `Usage: npm run tenants -- move <tenant> <binding> [--remote]
         copies the tenant to that database; its writes are answered with 503 until the map is deployed
       npm run tenants -- finish <tenant> [--remote]
         deletes what is left where the tenant was, an hour after the deployment or later
       npm run tenants -- cancel <tenant> [--remote]
         undoes a move that has not been deployed
       npm run tenants -- list [--remote]
       npm run tenants -- migrate [--remote]
         applies the migrations to all databases
  --remote  the deployed databases, and ${mapVariable} of wrangler.toml; the local ones, and .dev.vars, unless given`;

/** What a command works with. */
interface Scene {
  readonly map: MapOfTenants;
  readonly ends: ReadonlyMap<string, MoveEnd>;
  readonly isRemote: boolean;
}

async function move({ map, ends, isRemote }: Scene, tenant: string, binding: string): Promise<void> {
  const [from, to] = [endOf(ends, homeOf(map, tenant)), endOf(ends, binding)];
  console.log(`Copying tenant ${tenant} from ${from.binding} to ${to.binding}. Its writes are refused from now on.`);
  const counts = await moveTenant(tenant, from, to, Date.now());
  for (const [table, count] of Object.entries(counts)) if (count > 0) console.log(`  ${table}: ${count} rows, equal`);
  setMap(mapWith(map, tenant, binding), isRemote);
  const restart = isRemote ? "Deploy it" : "Start the service again";
  console.log(`${restart} to have tenant ${tenant} written to again, and finish the move later:
  npm run tenants -- finish ${tenant}${isRemote ? " --remote" : ""}`);
}

async function finish({ map, ends }: Scene, tenant: string): Promise<void> {
  const to = endOf(ends, homeOf(map, tenant));
  const from = await otherEndOf(ends, tenant);
  if (from.binding === to.binding) throw new Error(`${mapVariable} still has tenant ${tenant} in ${to.binding}.`);
  const deleted = await finishMove(tenant, from, to, Date.now());
  console.log(`Deleted ${deleted} rows of tenant ${tenant} from ${from.binding}.`);
}

async function cancel({ map, ends, isRemote }: Scene, tenant: string): Promise<void> {
  const from = await otherEndOf(ends, tenant);
  const absence = (await absencesIn(from.database)).find((one) => one.tenant === tenant);
  const to = endOf(ends, absence?.counterpart ?? "");
  const deleted = await cancelMove(tenant, from, to, Date.now());
  console.log(
    `Deleted ${deleted} rows of tenant ${tenant} from ${to.binding}. The tenant is in ${from.binding} as before.`,
  );
  if (homeOf(map, tenant) !== from.binding) setMap(mapWith(map, tenant, from.binding), isRemote);
}

async function list({ map, ends }: Scene): Promise<void> {
  console.log(`All tenants are in ${homeOf(map, "*")}, but for:`);
  for (const [tenant, binding] of Object.entries(map)) if (tenant !== "*") console.log(`  ${tenant} in ${binding}`);
  for (const { binding, database } of ends.values()) {
    for (const { tenant, state, counterpart, since } of await absencesIn(database)) {
      const direction = state === "arriving" ? "from" : "to";
      console.log(`  ${binding}: ${tenant} ${state}, ${direction} ${counterpart}, ${new Date(since).toISOString()}`);
    }
  }
}

async function migrate({ databases }: Deployment, isRemote: boolean): Promise<void> {
  for (const { database_name: name } of databases) {
    const words = ["d1", "migrations", "apply", name, isRemote ? "--remote" : "--local"];
    console.log(await runWrangler(words, new AbortController().signal));
  }
}

/** @throws {UsageError} when wrangler.toml declares no such database */
function endOf(ends: ReadonlyMap<string, MoveEnd>, binding: string): MoveEnd {
  const end = ends.get(binding);
  if (end === undefined) throw new UsageError(`wrangler.toml has no D1 database with the binding '${binding}'.`);
  return end;
}

/** The database that a tenant is leaving, or has left. */
async function otherEndOf(ends: ReadonlyMap<string, MoveEnd>, tenant: string): Promise<MoveEnd> {
  for (const end of ends.values()) {
    const absence = (await absencesIn(end.database)).find((one) => one.tenant === tenant);
    if (absence?.state === "leaving" || absence?.state === "left") return end;
  }
  throw new Error(`No move of tenant ${tenant} is under way.`);
}

function setMap(map: MapOfTenants, isRemote: boolean): void {
  const value = Object.keys(map).length === 0 ? "" : JSON.stringify(map);
  if (isRemote) {
    console.log(`Set this in wrangler.toml:\n  ${mapVariable} = '${value}'`);
  } else {
    setVariable(localSecretsFile, mapVariable, value);
    console.log(`Set in .dev.vars: ${mapVariable}='${value}'`);
  }
}

function tenantNamed(text: string | undefined): string {
  const tenant = parseTenantId(text ?? "");
  if (tenant === null) throw new UsageError(usage);
  return tenant;
}

await runScript(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { remote: { type: "boolean", default: false }, help: { type: "boolean", default: false } },
  });
  const [command, name, binding, ...surplus] = positionals;
  if (values.help) return console.log(usage);
  const wordsMax: Readonly<Record<string, number>> = { move: 3, finish: 2, cancel: 2, list: 1, migrate: 1 };
  const isComplete = positionals.length === wordsMax[command ?? ""] && surplus.length === 0;
  if (!isComplete) throw new UsageError(usage);
  const deployment = readDeployment();
  const isRemote = values.remote;
  if (command === "migrate") return migrate(deployment, isRemote);
  const tenant = command === "list" ? "" : tenantNamed(name);
  await withDatabases(deployment, isRemote, async (ends) => {
    const scene: Scene = { map: mapFor(deployment, isRemote), ends, isRemote };
    if (command === "move") return move(scene, tenant, binding ?? "");
    if (command === "finish") return finish(scene, tenant);
    return command === "cancel" ? cancel(scene, tenant) : list(scene);
  });
});
