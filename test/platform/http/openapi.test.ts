import { beforeAll, describe, expect, test } from "vitest";
import { call } from "../../support/shop.ts";

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly object[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: { readonly $ref?: string } }> };
  readonly responses: Record<string, Response>;
}
interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, object>>;
  readonly content?: Record<
    string,
    { readonly schema: object; readonly examples?: Record<string, { value: { status?: number } }> }
  >;
}

let document: {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object>; securitySchemes: Record<string, object> };
};
let operations: (readonly [string, Operation])[];

beforeAll(async () => {
  document = (await call("GET", "/openapi.json")).body as typeof document;
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
  );
});

describe("the OpenAPI document", () => {
  test("names each operation once, and says what it does and who may call it", () => {
    expect(document.openapi).toBe("3.1.0");
    const ids = operations.map(([, operation]) => operation.operationId);
    expect(new Set(ids).size).toBe(operations.length);
    for (const [name, operation] of operations) {
      expect(operation, name).toMatchObject({
        summary: expect.any(String),
        tags: [expect.any(String)],
        security: expect.any(Array),
      });
    }
    expect(Object.keys(document.components.securitySchemes).sort()).toEqual([
      "CustomerAccessToken",
      "EmployeeAccessToken",
      "EventSignature",
      "OAuth2",
    ]);
  });

  test("lets an employee's token be pasted wherever one can be asked for", () => {
    for (const [name, operation] of operations) {
      const schemes = (operation.security ?? []).flatMap((one) => Object.keys(one));
      expect(schemes.includes("EmployeeAccessToken"), name).toBe(schemes.includes("OAuth2"));
    }
  });

  test("documents 401 and 403 wherever a token is needed, and every error with an example of its status", () => {
    for (const [name, operation] of operations) {
      const statuses = Object.keys(operation.responses);
      if ((operation.security ?? []).length > 0)
        expect(statuses, name).toEqual(expect.arrayContaining(["401", "403", "500", "503"]));
      for (const [status, response] of Object.entries(operation.responses)) {
        if (Number(status) < 400 || name === "GET /health") continue;
        const examples = Object.values(response.content?.["application/json"]?.examples ?? {});
        expect(examples.length, `${name} ${status}`).toBeGreaterThan(0);
        for (const { value } of examples)
          if ("status" in value) expect([Number(status), "Forbidden"]).toContain(value.status);
      }
    }
  });

  test("has a schema behind every reference, and every request body is named", () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)];
    expect(references.length).toBeGreaterThan(0);
    for (const [, name] of references) expect(Object.keys(document.components.schemas)).toContain(name);
  });
});
