import { fileURLToPath } from "node:url";
import { unstable_readConfig } from "wrangler";
import { z } from "zod";
import { deploymentFaults } from "./deployment/deployment-faults.ts";
import { runScript } from "./usage-error.ts";
import { runWrangler } from "./wrangler.ts";

// Refuses to deploy what would not work: placeholders in wrangler.toml, values that the Worker refuses, missing secrets.

const wranglerFile = fileURLToPath(new URL("../wrangler.toml", import.meta.url));
/** What Cloudflare's API says of a Worker that has not been deployed, and has no secret yet. */
const noSuchWorker = /code: 10007\b/;

const configShape = z.object({
  vars: z.record(z.string(), z.unknown()),
  d1_databases: z.array(z.object({ binding: z.string(), database_id: z.string() })),
  kv_namespaces: z.array(z.object({ binding: z.string(), id: z.string() })),
  durable_objects: z.object({ bindings: z.array(z.object({ name: z.string() })) }),
});
const secretsShape = z.array(z.object({ name: z.string() }));

/** @throws {Error} when Cloudflare cannot be asked */
async function secretNames(): Promise<ReadonlySet<string>> {
  try {
    const printed = await runWrangler(["secret", "list", "--format", "json"], new AbortController().signal);
    return new Set(secretsShape.parse(JSON.parse(printed)).map(({ name }) => name));
  } catch (error) {
    if (error instanceof Error && noSuchWorker.test(error.message)) return new Set();
    throw error;
  }
}

/** The Worker's own. It is loaded like this because its types are the Worker's, which these scripts do not have. */
async function configurationReader(): Promise<(env: object) => unknown> {
  const module: unknown = await import(new URL("../src/env.ts", import.meta.url).href);
  return (module as { readonly readConfiguration: (env: object) => unknown }).readConfiguration;
}

await runScript(async () => {
  const readConfiguration = await configurationReader();
  const config = configShape.parse(unstable_readConfig({ config: wranglerFile }, { hideWarnings: true }));
  const planned = {
    variables: config.vars,
    databases: config.d1_databases,
    namespaces: config.kv_namespaces,
    objects: config.durable_objects.bindings.map(({ name }) => name),
  };
  // What stands in the file first: it can be mended without Cloudflare.
  const everySecret = new Set(["AUTH_SIGNING_KEY", "UPSTREAM_CLIENT_SECRET"]);
  let faults = deploymentFaults({ ...planned, secrets: everySecret }, readConfiguration);
  if (faults.length === 0) {
    const secrets = await secretNames();
    faults = deploymentFaults({ ...planned, secrets }, readConfiguration);
    if (!secrets.has("WEBHOOK_SECRETS")) {
      console.warn("WEBHOOK_SECRETS is not set: events are only taken with a token that may manage points.");
    }
  }
  if (faults.length > 0) throw new Error(`Nothing was deployed.\n${faults.map((fault) => `- ${fault}`).join("\n")}`);
});
