import { createRoute, z } from "@hono/zod-openapi";
import type { App } from "./app-env.ts";
import { openApiDocument } from "./openapi-document.ts";
import { failures, jsonAnswer, openOperation } from "./operation.ts";
import { deferred } from "./schemas/deferred.ts";

const path = "/openapi.json";

const documentOut = deferred(() =>
  z.looseObject({ openapi: z.string() }).openapi("OpenApiDocument", { example: { openapi: "3.1.0" } }),
);

const route = createRoute({
  method: "get",
  path,
  ...openOperation("GET-openapi-document"),
  tags: ["Service"],
  summary: "Read this document",
  responses: {
    200: jsonAnswer("The OpenAPI 3.1 document.", documentOut),
    ...failures(path, null),
  },
});

export const getOpenApiDocument = (app: App) => {
  let document: { openapi: string } | null = null;
  return app.openapi(route, (c) => {
    document ??= openApiDocument(app);
    return c.json(document, 200);
  });
};
