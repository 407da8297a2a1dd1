// Shows the service's own description. Everything comes from this origin, so the page works without internet.
window.SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#operations",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  persistAuthorization: true,
  tryItOutEnabled: true,
  // Without this, a badge would be asked for from a validator on the internet.
  validatorUrl: null,
});
