import { call } from "./shop.ts";

/** A JSON schema as the OpenAPI document has it, as far as these tests look at it. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
}

/** An operation of the served OpenAPI document. */
export interface Operation {
  /** `GET /reward-points/customer/{customerId}` */
  readonly name: string;
  readonly method: string;
  readonly path: string;
  /** Names of the security schemes, any of which will do; empty for what everybody may call. */
  readonly security: readonly string[];
  readonly parameters: readonly { readonly in: "path" | "query" | "header"; readonly name: string }[];
  readonly bodyTypes: readonly string[];
  /** Every field of the body with those inside, such as `coupon.discountAbsolute.amount` and `validFor[]`. */
  readonly bodyFields: readonly string[];
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

interface DocumentedOperation {
  readonly security?: readonly object[];
  readonly parameters?: Operation["parameters"];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}

/** The operations of the OpenAPI document that the service serves. */
export async function servedOperations(): Promise<readonly Operation[]> {
  const { body } = await call("GET", "/openapi.json");
  const document = body as Document;
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const contents = Object.entries(operation.requestBody?.content ?? {});
      const fields = contents.flatMap(([, { schema }]) => fieldsOf(schema, document, ""));
      return {
        name: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        path,
        security: [...new Set((operation.security ?? []).flatMap((scheme) => Object.keys(scheme)))],
        parameters: operation.parameters ?? [],
        bodyTypes: contents.map(([mediaType]) => mediaType),
        bodyFields: [...new Set(fields)],
      };
    }),
  );
}

/** How deep a body of the document is looked into. */
const depthMax = 8;

function fieldsOf(schema: Schema, document: Document, prefix: string): readonly string[] {
  if (prefix.split(".").length > depthMax) throw new Error(`The schema at ${prefix} is too deep.`);
  if (schema.$ref !== undefined) {
    const target = document.components.schemas[schema.$ref.replace("#/components/schemas/", "")];
    if (target === undefined) throw new Error(`${schema.$ref} leads nowhere.`);
    return fieldsOf(target, document, prefix);
  }
  const within = [...(schema.allOf ?? []), ...(schema.anyOf ?? [])].flatMap((part) => fieldsOf(part, document, prefix));
  const items = schema.items === undefined ? [] : [`${prefix}[]`, ...fieldsOf(schema.items, document, `${prefix}[]`)];
  const members = Object.entries(schema.properties ?? {}).flatMap(([name, member]) => {
    const field = prefix === "" ? name : `${prefix}.${name}`;
    return [field, ...fieldsOf(member, document, field)];
  });
  return [...within, ...items, ...members];
}

/** `path` with its parameters filled in as they are given: the caller encodes them. */
export const filledPath = (path: string, values: Readonly<Record<string, string>>): string =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${path}: there is no value for {${name}}.`);
    return value;
  });
