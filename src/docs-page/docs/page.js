// Shows the service's own description. Everything comes from this origin, so the page works without internet.

// Nothing that is entered here outlives the page. Earlier versions of it kept tokens: they are forgotten.
localStorage.removeItem("authorized");

const keyHeader = "idempotency-key";

/** The page itself. Its first request, for the description, comes before there is one. */
let ui = null;

/** Gives a request that can be repeated a key of its own, unless one was entered: with the same key, it would be a repetition. */
function withFreshKey(request) {
  if (ui === null) return request;
  const names = Object.keys(request.headers ?? {}).map((name) => name.toLowerCase());
  if (!names.includes(keyHeader) && takesKey(request)) request.headers["Idempotency-Key"] = crypto.randomUUID();
  return request;
}

function takesKey({ url, method = "GET" }) {
  const { pathname } = new URL(url, location.href);
  const { paths = {} } = ui.specSelectors.specJson().toJS();
  return Object.entries(paths).some(([path, { [method.toLowerCase()]: operation }]) => {
    const isItsPath = new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(pathname);
    return isItsPath && (operation?.parameters ?? []).some(({ name }) => name === keyHeader);
  });
}

/** What answers have named last, by the parameter that takes it, and which paths have such a parameter. */
const namedBy = [
  { parameter: "code", within: /\/coupons\/\{code\}/, told: (answer) => answer.code },
  {
    parameter: "eventId",
    within: /\/events\/\{eventId\}/,
    told: (answer, path) => path.endsWith("/events") && answer.id,
  },
  {
    parameter: "id",
    within: /\/redemptions\/\{id\}/,
    told: (answer, path) => path.endsWith("/redemptions") && answer.id,
  },
];

/** Fills what an answer has named into the paths that ask for it: coupons, events and their like have no ids beforehand. */
function fillIn(response) {
  if (ui === null) return response;
  const { pathname } = new URL(response.url, location.href);
  const [answer] = [response.body].flat();
  if (!response.ok || typeof answer !== "object" || answer === null) return response;
  for (const { parameter, within, told } of namedBy) {
    const value = told(answer, pathname);
    if (typeof value === "string") fillParameter(parameter, within, value);
  }
  return response;
}

function fillParameter(name, within, value) {
  for (const [path, operations] of ui.specSelectors.paths().entries()) {
    if (!within.test(path)) continue;
    for (const [method, operation] of operations.entries()) {
      const parameter = operation
        .get("parameters")
        ?.find((one) => one.get("name") === name && one.get("in") === "path");
      if (parameter !== undefined) ui.specActions.changeParamByIdentity([path, method], parameter, value, false);
    }
  }
}

ui = window.SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#operations",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  persistAuthorization: false,
  tryItOutEnabled: true,
  requestInterceptor: withFreshKey,
  responseInterceptor: fillIn,
  // Without this, a badge would be asked for from a validator on the internet.
  validatorUrl: null,
});
