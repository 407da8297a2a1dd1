/** A site without its code. */
export const rightSite = {
  name: "Outlet",
  defaultLanguage: "en",
  languages: ["en"],
  currency: "EUR",
  homeBase: { address: { country: "DE", zipCode: "10115" } },
  shipToCountries: ["DE"],
};
