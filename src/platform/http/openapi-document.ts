import packageJson from "../../../package.json" with { type: "json" };
import { scopes } from "../../access/rules/access.ts";
import type { App } from "./app-env.ts";

const description = `Reward points for storefronts: merchants grant points to customers, customers exchange points for
coupon codes. Implements the Emporix Reward Points API, with the site mixins and the coupons that it needs.

**Tokens.** Employees and back offices need a token with scopes, customers one of their own. API clients get
theirs from \`POST /oauth/token\` (\`npm run client\` registers one), or all come from the issuer that \`AUTH_JWKS_URL\`
names. On a developer's machine, \`npm start\` prints a token of each kind, and these commands make others:

    npm run -s token -- --tenant demo --customer C1001
    npm run -s token -- --tenant demo --scope "rewardspoints.rewardpoints_view rewardspoints.rewardpoints_manage"

**Examples** work on the demo tenant of \`npm start\`.

**Requests.** Those that change something take an \`Idempotency-Key\`, a new one for each new request.

**Answers.** Every answer carries \`X-Request-Id\`. Every error has a \`code\` for programs (\`errorCode\` in the body of
403, whose \`code\` is the status).`;

/** The OpenAPI 3.1 document of everything the app serves. Building it takes tens of milliseconds: do it once. */
export function openApiDocument(app: App): ReturnType<App["getOpenAPI31Document"]> {
  app.openAPIRegistry.registerComponent("securitySchemes", "OAuth2", {
    type: "oauth2",
    description: "Gets an access token for an API client. `npm run client` registers one.",
    flows: {
      clientCredentials: {
        tokenUrl: "/oauth/token",
        scopes,
      },
    },
  });
  app.openAPIRegistry.registerComponent("securitySchemes", "EmployeeAccessToken", {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description:
      "An employee's or a back office's access token. `npm start` prints one; `npm run -s token -- --tenant demo --scope ...` makes others.",
  });
  app.openAPIRegistry.registerComponent("securitySchemes", "CustomerAccessToken", {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description:
      "A signed-in customer's access token. `npm start` prints one; `npm run -s token -- --tenant demo --customer C1001` makes others.",
  });
  app.openAPIRegistry.registerComponent("securitySchemes", "EventSignature", {
    type: "apiKey",
    in: "header",
    name: "emporix-event-signature",
    description: "A webhook's signature over the event, made with one of the tenant's secrets.",
  });
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: { title: "Reward Points Service", version: packageJson.version, description },
    servers: [{ url: "/" }],
    tags: [
      { name: "Signed-In Customer Reward Points", description: "For storefronts, with a customer's token" },
      { name: "Reward Points Management", description: "For employees and back offices" },
      { name: "Redeem Options Management", description: "What points can buy" },
      { name: "Order Events", description: "Points out of orders, returns taken into account" },
      { name: "Coupons", description: "What points have bought" },
      { name: "Site Mixins", description: "The settings of sites" },
      { name: "Tokens", description: "The embedded token issuer" },
      { name: "Service" },
    ],
  });
}
