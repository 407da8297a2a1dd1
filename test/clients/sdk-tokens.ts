import type { Journey } from "./client-request.ts";

const session = {
  access_token: "text",
  refresh_token: "text",
  sessionId: "text",
  // Taken for a number without a default: the SDK adds it to the time.
  expires_in: "number",
} as const;
const context = { currency: "EUR", siteCode: "main", targetLocation: "DE" };
const login = { tenant: "{tenant}", client_id: "{clientId}" };

/** How the SDK comes to tokens, and what it does with them. */
export const sdkTokens: readonly Journey[] = [
  {
    client: "the SDK's storefront",
    does: "keeps a guest's session when it refreshes the token",
    inBrowser: true,
    requests: [
      {
        operation: "GET /customerlogin/auth/anonymous/login",
        as: "nobody",
        query: { ...login, ...context },
        expects: { status: 200, reads: session, has: { token_type: "Bearer" } },
        keeps: { guest: "access_token", refresh: "refresh_token", session: "sessionId" },
      },
      {
        operation: "GET /reward-points/{tenant}/redeemOptions",
        as: "nobody",
        headers: { Authorization: "Bearer {guest}", "Emporix-Tenant": "{tenant}" },
        expects: { status: 200, reads: { "": "list" } },
      },
      {
        operation: "GET /customerlogin/auth/anonymous/refresh",
        as: "nobody",
        query: { ...login, ...context, refresh_token: "{refresh}" },
        expects: { status: 200, reads: session, has: { sessionId: "{session}" } },
        keeps: { guest: "access_token" },
      },
      {
        operation: "GET /site/{tenant}/sites",
        as: "nobody",
        headers: { Authorization: "Bearer {guest}", "Emporix-Tenant": "{tenant}", "Accept-Language": "en" },
        expects: { status: 200, reads: { "": "list" } },
      },
      {
        // It falls back to another login, whatever the status.
        operation: "GET /customerlogin/auth/anonymous/refresh",
        as: "nobody",
        query: { ...login, refresh_token: "nonsense" },
        expects: { status: [400, 401] },
      },
      {
        // A guest's token is no customer's.
        operation: "GET /reward-points/public/customer",
        as: "nobody",
        headers: { Authorization: "Bearer {guest}", "Emporix-Tenant": "{tenant}" },
        expects: { status: 403 },
      },
      {
        // Upon 401 it refreshes and tries once more.
        operation: "GET /reward-points/{tenant}/redeemOptions",
        as: "nobody",
        headers: { Authorization: "Bearer stale", "Emporix-Tenant": "{tenant}" },
        expects: { status: 401 },
      },
    ],
  },
  {
    client: "the SDK",
    does: "gets a service token and uses it",
    requests: [
      {
        operation: "POST /oauth/token",
        as: "nobody",
        form: { grant_type: "client_credentials", client_id: "{clientId}", client_secret: "{clientSecret}" },
        expects: { status: 200, reads: { access_token: "text", expires_in: "number" } },
        keeps: { service: "access_token" },
      },
      {
        operation: "GET /coupon/{tenant}/coupons",
        as: "nobody",
        query: { pageSize: "20" },
        headers: { Authorization: "Bearer {service}", "Emporix-Tenant": "{tenant}" },
        expects: { status: 200, reads: { "": "list" } },
      },
      {
        operation: "GET /coupon/{tenant}/coupons",
        as: "nobody",
        headers: { Authorization: "Bearer {service}", "Emporix-Tenant": "another" },
        expects: { status: 403 },
      },
    ],
  },
];
