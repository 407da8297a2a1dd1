import type { Journey } from "./client-request.ts";

const address = { country: "US", zipCode: "10001", city: "New York" };
const planned = {
  code: "flagship",
  name: "Flagship Site with Custom Attributes",
  active: true,
  default: false,
  includesTax: true,
  defaultLanguage: "en",
  languages: ["en", "de", "fr"],
  currency: "USD",
  availableCurrencies: ["USD", "EUR", "GBP"],
  shipToCountries: ["US", "CA"],
  cartCalculationScale: 3,
  homeBase: { address, location: { latitude: 40.75, longitude: -73.99 } },
  assistedBuying: { storefrontUrl: "https://shop.example.com/us" },
};
/** Members of the provider's that the contract does not have: the provider does without them in answers. */
const ofItsOwn = { taxCalculationAddressType: "BILLING_ADDRESS", decimalPoints: 2 };

const brandingUrl = "https://schemas.example.com/site-branding_v1.json";
const operationsUrl = "https://schemas.example.com/site-operations_v1.json";
const branding = { brandColor: "#FF5733", featuredProductCount: 100 };
const operations = { isFlagshipStore: true, siteManagerName: "John Doe" };
const withSchema = (fields: object, schema: string) => ({ ...fields, metadata: { schema } });

const site = { siteCode: "flagship" };
const read = {
  operation: "GET /site/{tenant}/sites/{siteCode}",
  path: site,
  as: "employee",
  query: { expand: "mixin:*" },
} as const;

/** The site settings of Emporix's Terraform provider: what it plans, it must read back. */
export const terraform: readonly Journey[] = [
  {
    client: "Terraform",
    does: "creates a site with mixins, changes it in place, and destroys it",
    headers: { "Content-Type": "application/json", Accept: "*/*" },
    requests: [
      {
        // Every other status fails the run, 200 too.
        operation: "POST /site/{tenant}/sites",
        as: "employee",
        json: { ...planned, ...ofItsOwn },
        expects: { status: 201 },
      },
      {
        operation: "POST /site/{tenant}/sites/{siteCode}/mixins",
        path: site,
        as: "employee",
        json: { "site-branding": withSchema(branding, brandingUrl) },
        expects: { status: [200, 201] },
      },
      {
        operation: "POST /site/{tenant}/sites/{siteCode}/mixins",
        path: site,
        as: "employee",
        json: { "site-operations": withSchema(operations, operationsUrl) },
        expects: { status: [200, 201] },
      },
      {
        ...read,
        expects: {
          status: 200,
          // It finds the mixins by the names that the metadata has.
          has: {
            ...planned,
            mixins: { "site-branding": branding, "site-operations": operations },
            metadata: { mixins: { "site-branding": brandingUrl, "site-operations": operationsUrl } },
          },
          reads: { "metadata.version": "number" },
          // It compares a mixin with its plan, where the schema stands beside the fields.
          lacks: ["mixins.site-branding.metadata", "mixins.site-operations.metadata"],
        },
      },
      {
        // Only what has changed; null for what the plan no longer has.
        operation: "PATCH /site/{tenant}/sites/{siteCode}",
        path: site,
        as: "employee",
        json: {
          name: "Flagship",
          shipToCountries: ["US"],
          includesTax: null,
          availableCurrencies: null,
          cartCalculationScale: null,
          decimalPoints: null,
          assistedBuying: null,
          homeBase: {
            address: { ...address, city: null, state: null, street: null, streetNumber: null },
            location: null,
          },
        },
        expects: { status: [200, 204] },
      },
      {
        operation: "PUT /site/{tenant}/sites/{siteCode}/mixins/{mixinName}",
        path: { ...site, mixinName: "site-branding" },
        as: "employee",
        json: withSchema({ brandColor: "#000000" }, brandingUrl),
        expects: { status: [200, 204] },
      },
      {
        operation: "DELETE /site/{tenant}/sites/{siteCode}/mixins/{mixinName}",
        path: { ...site, mixinName: "site-operations" },
        as: "employee",
        expects: { status: [200, 204] },
      },
      {
        ...read,
        expects: {
          status: 200,
          has: {
            name: "Flagship",
            shipToCountries: ["US"],
            languages: planned.languages,
            homeBase: { address: { country: "US", zipCode: "10001" } },
            mixins: { "site-branding": { brandColor: "#000000" } },
          },
          lacks: [
            "includesTax",
            "assistedBuying",
            "homeBase.location",
            "homeBase.address.city",
            "mixins.site-operations",
            "mixins.site-branding.featuredProductCount",
            "metadata.mixins.site-operations",
          ],
        },
      },
      {
        operation: "DELETE /site/{tenant}/sites/{siteCode}",
        path: site,
        as: "employee",
        expects: { status: [200, 204] },
      },
      // Gone: it forgets the site instead of failing.
      { ...read, expects: { status: 404 } },
    ],
  },
];
