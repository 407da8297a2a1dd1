import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { exportJWK, generateKeyPair } from "jose";
import { defineConfig } from "vitest/config";
import { unstable_getMiniflareWorkerOptions as workerOptionsOf } from "wrangler";
import { parse } from "yaml";
import { usualSeed } from "./scripts/verify/usual-seed.ts";

const migrations = await readD1Migrations(new URL("drizzle", import.meta.url).pathname);

/** The keys of this test run: the embedded issuer signs with it, and so do the tests. */
const { privateKey } = await generateKeyPair("ES256", { extractable: true });
const signingKey = JSON.stringify({ ...(await exportJWK(privateKey)), alg: "ES256", kid: "test" });

/** The published contract, which lies beside the project; null where it does not. */
const contractFile = new URL("../shared/contract/reward-points.openapi.yml", import.meta.url);
const contract: unknown = existsSync(contractFile) ? parse(readFileSync(contractFile, "utf8")) : null;

/** The published contract of sites, which lies beside the project; null where it does not. */
const siteContractFile = new URL("../shared/contract/site-settings.openapi.yml", import.meta.url);
const siteContract: unknown = existsSync(siteContractFile) ? parse(readFileSync(siteContractFile, "utf8")) : null;

/** An order of the published examples; null where it does not lie beside the project. */
const orderFile = new URL("../shared/contract/examples/order-EON2076.json", import.meta.url);
const exampleOrder: unknown = existsSync(orderFile) ? JSON.parse(readFileSync(orderFile, "utf8")) : null;

/** How much the measured rows of docs/reliability.md do, and the seed of their random choices. */
const verification = {
  size: process.env["VERIFY_SIZE"] === "full" ? "full" : "small",
  seed: Number(process.env["VERIFY_SEED"] ?? usualSeed),
} as const;

/**
 * Files that share neither database nor isolate with others: they count what is in all of it, clear it, or start the
 * service with variables of their own.
 */
const aloneFiles = [
  "test/jobs.test.ts",
  "test/{audit,ledger,access,platform}/http/{audit,busy-ledgers,logs,rate-limits,security-headers}.test.ts",
  "test/performance/*.test.ts",
  "test/tenants/storage/*.test.ts",
  "test/trust/{faults,tampering}.test.ts",
];
/** What ledgers do must not depend on commit lanes: their own tests run with and without. */
const eitherWayFiles = ["test/ledger/objects/customer-ledger.test.ts"];
const rulesFiles = ["test/*/rules/**/*.test.ts", "test/platform/values/**/*.test.ts", "test/rooms.test.ts"];

/** Queues hand out what they have after this long, instead of the seconds of wrangler.toml: tests wait for it. */
const batchTimeoutSeconds = 0.1;
const { queueConsumers: consumers } = workerOptionsOf("./wrangler.toml").workerOptions;
const queueConsumers = Object.fromEntries(
  Object.entries(consumers ?? {}).map(([queue, consumer]) => [
    queue,
    { ...consumer, maxBatchTimeout: batchTimeoutSeconds },
  ]),
);

/** @param variables instead of those of wrangler.toml */
const runtimeWith = (variables: Readonly<Record<string, string>> = {}) =>
  cloudflareTest({
    wrangler: { configPath: "./wrangler.toml" },
    miniflare: {
      // Besides DB, which wrangler.toml binds; without tables until a test makes them.
      d1Databases: ["DB_2", "DB_3"],
      queueConsumers,
      bindings: {
        TEST_MIGRATIONS: migrations,
        AUTH_SIGNING_KEY: signingKey,
        AUTH_ISSUER: "https://issuer.test",
        AUTH_AUDIENCE: "reward-points-test",
        CORS_ORIGINS: "https://shop.test,https://app.shop.test",
        RATE_LIMITS: "off",
        REQUEST_LOG: "all",
        TENANT_DATABASES: "",
        // Whatever is tried out by hand with .dev.vars.
        EMPORIX_URL: "",
        EMPORIX_TENANT: "",
        EMPORIX_UNKNOWN_CUSTOMER: "",
        EMPORIX_ORDERS: "webhooks",
        SITE_SETTINGS_URL: "",
        COUPON_SERVICE_URL: "",
        WEBHOOK_SECRETS: JSON.stringify({ signed: ["new-secret", "old-secret"], vector: ["password123"] }),
        ...variables,
      },
    },
  });

/** What every project has; what is provided has to stand at the root, or lists in it double. */
const common = {
  testTimeout: 30_000,
  // Names of operations are longer than vitest's 40 characters, and the sabotages look for them whole.
  taskTitleValueFormatTruncate: 0,
} as const;

const inRuntime = { ...common, setupFiles: ["test/support/apply-migrations.ts"] };

export default defineConfig({
  test: {
    provide: { contract, siteContract, exampleOrder, verification },
    // The service logs every request; what passes may do so quietly. (Projects cannot say so for themselves.)
    silent: "passed-only",
    // A line for each file says enough of what takes long for a reason.
    slowTestThreshold: 10_000,
    // One more than there are cores: some tests wait for queues and other processes.
    maxWorkers: availableParallelism() + 1,
    projects: [
      // Starting a runtime takes longer than most files do, so they share one where they can: their tenants differ.
      {
        plugins: [runtimeWith()],
        test: {
          ...inRuntime,
          name: "shared",
          include: ["test/**/*.test.ts"],
          exclude: [...aloneFiles, ...rulesFiles],
          isolate: false,
        },
      },
      { plugins: [runtimeWith()], test: { ...inRuntime, name: "alone", include: aloneFiles } },
      {
        plugins: [runtimeWith({ COMMIT_LANES: "0" })],
        test: { ...inRuntime, name: "without-lanes", include: eitherWayFiles, isolate: false },
      },
      // The rules need no runtime.
      { test: { ...common, name: "rules", include: rulesFiles, isolate: false } },
    ],
  },
});
