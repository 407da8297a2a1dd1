/** What is known of a deployment before it takes place. */
export interface PlannedDeployment {
  /** The variables of wrangler.toml. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly databases: readonly { readonly binding: string; readonly database_id: string }[];
  readonly namespaces: readonly { readonly binding: string; readonly id: string }[];
  /** The names by which classes of Durable Objects are bound. */
  readonly objects: readonly string[];
  /** The names of the secrets that Cloudflare has. */
  readonly secrets: ReadonlySet<string>;
}

/** What wrangler.toml has until somebody sets it, what examples have in their places, and this machine. */
const placeholderIssuer = /[<>…]|\/\/(?:[^/]*\.)?(?:local|localhost|test|invalid|example)(?:[:/]|$)|\/\/127\./i;
/** Of a database, and of a namespace. */
const idPattern = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const isPlaceholderId = (id: string): boolean => !idPattern.test(id) || /^(.)\1*$/.test(id.replaceAll("-", ""));

/** What the Worker cannot do without. */
const needed = { databases: "DB", namespaces: "SETTINGS_CACHE" } as const;

/** Secrets whose values cannot be read back, with a value of their form. */
const sampleSecrets: Readonly<Record<string, string>> = {
  AUTH_SIGNING_KEY: JSON.stringify({ kty: "EC", alg: "ES256", kid: "deployed" }),
  UPSTREAM_CLIENT_SECRET: "deployed",
};
/** As much of a D1 database as a configuration asks for. */
const sampleDatabase = { prepare: null, batch: null };

/**
 * What is missing or wrong, each in a sentence that begins with its name. Nothing when it can be deployed.
 * @param readConfiguration the Worker's own, which throws what it would log: src/env.ts
 */
export function deploymentFaults(
  planned: PlannedDeployment,
  readConfiguration: (env: object) => unknown,
): readonly string[] {
  const { variables, databases, namespaces } = planned;
  const faults: string[] = [];
  if (placeholderIssuer.test(String(variables["AUTH_ISSUER"] ?? ""))) {
    faults.push("AUTH_ISSUER is the placeholder: set the address of your own issuer, or of this service.");
  }
  if (String(variables["CORS_ORIGINS"] ?? "").trim() === "") {
    faults.push(
      "CORS_ORIGINS is empty: name the origins of your storefronts, or set it to none if no page calls the API.",
    );
  }
  if (!databases.some(({ binding }) => binding === needed.databases)) {
    faults.push(`${needed.databases} is bound to no database: see [[d1_databases]] in wrangler.toml.`);
  }
  if (!namespaces.some(({ binding }) => binding === needed.namespaces)) {
    faults.push(`${needed.namespaces} is bound to no namespace: see [[kv_namespaces]] in wrangler.toml.`);
  }
  for (const { binding, database_id: id } of databases.filter(({ database_id }) => isPlaceholderId(database_id))) {
    faults.push(`database_id of ${binding} is the placeholder "${id}": set what "wrangler d1 create" has printed.`);
  }
  for (const { binding, id } of namespaces.filter((namespace) => isPlaceholderId(namespace.id))) {
    faults.push(`id of ${binding} is the placeholder "${id}": set what "wrangler kv namespace create" has printed.`);
  }
  return [...faults, ...configurationFaults(planned, readConfiguration)];
}

function configurationFaults(
  { variables, databases, objects, secrets }: PlannedDeployment,
  readConfiguration: (env: object) => unknown,
): readonly string[] {
  const known = Object.entries(sampleSecrets).filter(([name]) => secrets.has(name));
  const bound = [
    ...databases.map(({ binding }) => [binding, sampleDatabase] as const),
    ...objects.map((binding) => [binding, {}] as const),
  ];
  try {
    readConfiguration({ ...variables, ...Object.fromEntries([...bound, ...known]) });
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
