import type { ClientRequest } from "./client-request.ts";

/** The site `main`, as the setup of demo tenants describes it. */
export const mainSite = {
  code: "main",
  name: "United States",
  active: true,
  defaultLanguage: "en",
  languages: ["en", "fr", "de", "ar"],
  currency: "USD",
  availableCurrencies: ["EUR", "GBP", "USD", "SAR"],
  homeBase: {
    address: {
      street: "Broadway",
      streetNumber: "1500",
      zipCode: "10036",
      city: "New York",
      country: "US",
      state: "NY",
    },
    location: { latitude: 40.7568658044745, longitude: -73.9858713458565 },
  },
  shipToCountries: ["US"],
  default: true,
};

/** A merchant has described the site `main`, as every tenant of Emporix has. */
export const describedMain: ClientRequest = {
  operation: "PATCH /site/{tenant}/sites/{siteCode}",
  path: { siteCode: "main" },
  as: "employee",
  json: mainSite,
  expects: { status: 200 },
};
