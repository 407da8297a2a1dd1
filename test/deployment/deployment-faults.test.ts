import { describe, expect, test } from "vitest";
import { deploymentFaults, type PlannedDeployment } from "../../scripts/deployment/deployment-faults.ts";
import { readConfiguration } from "../../src/env.ts";

const variables = {
  AUTH_ISSUER: "https://points.shop.eu",
  AUTH_AUDIENCE: "reward-points",
  CORS_ORIGINS: "https://shop.eu",
  TENANT_DATABASES: "",
  COMMIT_LANES: "1",
};
const sound: PlannedDeployment = {
  variables,
  databases: [{ binding: "DB", database_id: "5d1f3c7e-0b4a-4a52-9a55-0f4f6c2f8f10" }],
  namespaces: [{ binding: "SETTINGS_CACHE", id: "0f2ac74b498b48028cb68387c421e279" }],
  objects: ["CUSTOMER_LEDGER", "COMMIT_LANE"],
  secrets: new Set(["AUTH_SIGNING_KEY"]),
};
const withVariables = (more: Readonly<Record<string, string>>): PlannedDeployment => ({
  ...sound,
  variables: { ...variables, ...more },
});

describe("a deployment", () => {
  test.each([
    ["with everything set", sound],
    ["with all pages allowed", withVariables({ CORS_ORIGINS: "*" })],
    ["with no page allowed, on purpose", withVariables({ CORS_ORIGINS: "none" })],
    [
      "with an external issuer and no key",
      { ...withVariables({ AUTH_JWKS_URL: "https://id.example/keys" }), secrets: new Set<string>() },
    ],
  ])("%s goes on", (_what, planned) => {
    expect(deploymentFaults(planned, readConfiguration)).toEqual([]);
  });

  test.each<readonly [string, string, PlannedDeployment]>([
    ["the placeholder of the issuer", "AUTH_ISSUER", withVariables({ AUTH_ISSUER: "https://reward-points.local" })],
    ...[
      "https://reward-points.local/",
      "https://reward-points.<account>.workers.dev",
      "http://localhost:8787",
      "https://id.shop.example",
    ].map((issuer) => [`the issuer ${issuer}`, "AUTH_ISSUER", withVariables({ AUTH_ISSUER: issuer })] as const),
    ...["", "<database_id>", "your-database-id", "11111111-1111-1111-1111-111111111111"].map(
      (id) =>
        [
          `the database "${id}"`,
          "database_id of DB",
          { ...sound, databases: [{ binding: "DB", database_id: id }] },
        ] as const,
    ),
    [
      "the namespace <id>",
      "id of SETTINGS_CACHE",
      { ...sound, namespaces: [{ binding: "SETTINGS_CACHE", id: "<id>" }] },
    ],
    ["no namespace", "SETTINGS_CACHE is bound to no", { ...sound, namespaces: [] }],
    ["no origins", "CORS_ORIGINS", withVariables({ CORS_ORIGINS: "" })],
    ["an origin that no browser sends", "CORS_ORIGINS", withVariables({ CORS_ORIGINS: "https://shop.example/" })],
    [
      "the placeholder of a database",
      "database_id of DB",
      { ...sound, databases: [{ binding: "DB", database_id: "00000000-0000-0000-0000-000000000000" }] },
    ],
    [
      "the placeholder of another database",
      "database_id of DB_2",
      { ...sound, databases: [...sound.databases, { binding: "DB_2", database_id: "…" }] },
    ],
    [
      "the placeholder of the namespace",
      "id of SETTINGS_CACHE",
      { ...sound, namespaces: [{ binding: "SETTINGS_CACHE", id: "0".repeat(32) }] },
    ],
    ["no signing key", "AUTH_SIGNING_KEY", { ...sound, secrets: new Set<string>() }],
    [
      "tenants in a database that is not bound",
      "TENANT_DATABASES",
      withVariables({ TENANT_DATABASES: '{"a-shop":"DB_9"}' }),
    ],
    ["a number of lanes that is none", "COMMIT_LANES", withVariables({ COMMIT_LANES: "many" })],
    ["lanes whose class is not bound", "COMMIT_LANES", { ...sound, objects: ["CUSTOMER_LEDGER"] }],
    [
      "lanes at a place that Cloudflare does not know",
      "COMMIT_LANE_LOCATION",
      withVariables({ COMMIT_LANE_LOCATION: "moon" }),
    ],
    [
      "Emporix's coupons and no client",
      "UPSTREAM_CLIENT_SECRET",
      withVariables({ COUPON_SERVICE_URL: "https://api.emporix.io" }),
    ],
  ])("with %s is refused: %s", (_what, name, planned) => {
    const faults = deploymentFaults(planned, readConfiguration);
    expect(faults).toEqual([expect.stringContaining(name)]);
  });
});

test("CORS_ORIGINS that says none lets no page in, and none beside an origin is refused", () => {
  const origins = (CORS_ORIGINS: string) =>
    readConfiguration({ ...variables, COMMIT_LANES: "0", AUTH_JWKS_URL: "https://id.example/keys", CORS_ORIGINS })
      .CORS_ORIGINS;
  expect(origins("none")).toEqual([]);
  expect(origins(" none ")).toEqual([]);
  expect(() => origins("none, https://shop.example")).toThrow("CORS_ORIGINS");
});
