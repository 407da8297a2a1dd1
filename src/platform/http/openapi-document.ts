import packageJson from "../../../package.json" with { type: "json" };
import { scopes } from "../../access/rules/access.ts";
import type { App } from "./app-env.ts";

const description = `Reward points for storefronts: merchants grant points to customers, customers exchange points for
coupon codes. Implements the Emporix Reward Points API, with the sites and the coupons that it needs.

**Tokens.** Employees and API clients need a token with scopes, customers a token of their own. API clients get
theirs from \`POST /oauth/token\` (\`npm run client\` registers a client). If \`AUTH_JWKS_URL\` names an external
issuer, all tokens come from there. On a developer's machine, \`npm start\` prints a token of each kind, and these
commands make more:

    npm run -s token -- --tenant demo --customer C1001
    npm run -s token -- --tenant demo --scope "rewardspoints.rewardpoints_view rewardspoints.rewardpoints_manage"

**Examples** work on the demo tenant of \`npm start\`.

**Requests.** Most POST requests that change something take an \`Idempotency-Key\`. Use a new key for each new request.

**Answers.** Every answer carries \`X-Request-Id\`. Every error has a \`code\` for programs. In the body of a 403 it is
called \`errorCode\`, because \`code\` is the status there.`;

/** The OpenAPI 3.1 document of everything the app serves. Building it takes tens of milliseconds: do it once. */
export function openApiDocument(app: App): ReturnType<App["getOpenAPI31Document"]> {
  app.openAPIRegistry.registerComponent("securitySchemes", "OAuth2", {
    type: "oauth2",
    description: "Gets an access token for an API client. `npm run client` registers a client.",
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
      "An access token of an employee or an API client. `npm start` prints one; `npm run -s token -- --tenant demo --scope ...` makes more.",
  });
  app.openAPIRegistry.registerComponent("securitySchemes", "CustomerAccessToken", {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description:
      "A signed-in customer's access token. `npm start` prints one; `npm run -s token -- --tenant demo --customer C1001` makes more.",
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
      { name: "Order Events", description: "Points for orders, adjusted for returns" },
      { name: "Coupons", description: "What points have bought" },
      { name: "Sites", description: "The tenant's sites" },
      { name: "Site Mixins", description: "The settings of sites" },
      { name: "Tokens", description: "The embedded token issuer" },
      { name: "Service" },
    ],
  });
}
