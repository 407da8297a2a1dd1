import { type Schema as CheckedSchema, Validator } from "@cfworker/json-schema";
import fc from "fast-check";
import { call } from "../shop.ts";

/** JSON Schema as far as the service's OpenAPI document uses it. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly unevaluatedProperties?: boolean;
  readonly propertyNames?: Schema;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly items?: Schema;
  readonly maxItems?: number;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly not?: Schema;
}

/** A schema without references, and the check that belongs to it, compiled when it is first needed. */
export class Shape {
  readonly schema: Schema;
  #validator: Validator | null = null;

  constructor(schema: Schema) {
    this.schema = schema;
  }

  accepts(value: unknown): boolean {
    return this.flaw(value) === null;
  }

  /** Why `value` is not of this shape; null when it is. */
  flaw(value: unknown): string | null {
    // The validator writes into the schema that it is given.
    this.#validator ??= new Validator(structuredClone(this.schema) as CheckedSchema, "2020-12", true);
    const { valid, errors } = this.#validator.validate(value);
    return valid ? null : errors.map(({ instanceLocation, error }) => `${instanceLocation} ${error}`).join("; ");
  }
}

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly shape: Shape;
}

export interface DocumentedAnswer {
  /** The shapes of headers by name, in lower case. */
  readonly headers: ReadonlyMap<string, Shape>;
  /** By media type; empty for an answer without a body. */
  readonly content: ReadonlyMap<string, Shape>;
}

export interface Operation {
  readonly id: string;
  /** Upper case. */
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly Parameter[];
  /** The shape of the body by media type; null for an operation without one. */
  readonly body: ReadonlyMap<string, Shape> | null;
  /** Whether it may not come without a body. */
  readonly isBodyRequired: boolean;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly answers: ReadonlyMap<number, DocumentedAnswer>;
  /** How a failing sequence shows the operation. */
  readonly [fc.toStringMethod]: () => string;
}

/** What the service says of itself. */
export interface ApiDocument {
  readonly operations: readonly Operation[];
  /** The named schema. @throws {Error} when there is none of this name */
  component(name: string): Shape;
  /** The methods of the resource that `path` stands for; empty when there is none. */
  methodsOf(path: string): readonly string[];
}

interface RawOperation {
  readonly operationId: string;
  readonly security: Operation["security"];
  readonly parameters?: readonly (Omit<Parameter, "shape"> & { readonly schema: Schema })[];
  readonly requestBody?: { readonly required?: boolean; readonly content: RawContent };
  readonly responses: Readonly<Record<string, { readonly headers?: RawContent; readonly content?: RawContent }>>;
}
/** What has a schema, by name. */
type RawContent = Readonly<Record<string, { readonly schema: Schema }>>;

interface RawDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, RawOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** Reads the OpenAPI document from the service itself. */
export const readDocument = async (): Promise<ApiDocument> =>
  documentOf((await call("GET", "/openapi.json")).body as RawDocument);

export function documentOf(raw: RawDocument): ApiDocument {
  const { schemas } = raw.components;
  const shapes = new Map<string, Shape>();
  const shapeOf = (given: Schema): Shape => {
    const schema = withoutReferences(given, schemas) as Schema;
    const key = JSON.stringify(schema);
    const shape = shapes.get(key) ?? new Shape(schema);
    shapes.set(key, shape);
    return shape;
  };
  const contentOf = (content: RawContent = {}) =>
    new Map(Object.entries(content).map(([mediaType, { schema }]) => [mediaType, shapeOf(schema)]));
  const answered = (content: RawContent = {}) =>
    new Map(
      Object.entries(content).map(([name, { schema }]) => [
        name.toLowerCase(),
        shapeOf(closed(withoutReferences(schema, schemas) as Schema)),
      ]),
    );

  const operations = Object.entries(raw.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, operation]): Operation => ({
        id: operation.operationId,
        method: method.toUpperCase(),
        path,
        parameters: (operation.parameters ?? []).map(({ schema, ...rest }) => ({ ...rest, shape: shapeOf(schema) })),
        body: operation.requestBody === undefined ? null : contentOf(operation.requestBody.content),
        isBodyRequired: operation.requestBody?.required === true,
        security: operation.security,
        answers: new Map(
          Object.entries(operation.responses).map(([status, { headers = {}, content }]) => [
            Number(status),
            { headers: answered(headers), content: answered(content) },
          ]),
        ),
        [fc.toStringMethod]: () => `"${method.toUpperCase()} ${path}"`,
      }),
    ),
  );
  const resources = operations.map(({ path, method }) => ({ pattern: patternOf(path), method }));
  return {
    operations,
    component(name) {
      const schema = schemas[name];
      if (schema === undefined) throw new Error(`The document has no schema '${name}'.`);
      return shapeOf(schema);
    },
    methodsOf: (path) => resources.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method),
  };
}

/**
 * `schema` without room for members that it does not name: requests may have such members, answers do not. Objects that
 * are said to hold whatever they hold stay open.
 */
function closed(schema: Schema): Schema {
  const { properties, items, allOf, anyOf, additionalProperties } = schema;
  if (allOf !== undefined) return { ...schema, unevaluatedProperties: false };
  return {
    ...schema,
    ...(properties === undefined
      ? {}
      : { properties: mapped(properties), additionalProperties: additionalProperties ?? false }),
    ...(items === undefined ? {} : { items: closed(items) }),
    ...(anyOf === undefined ? {} : { anyOf: anyOf.map(closed) }),
  };
}

const mapped = (properties: Readonly<Record<string, Schema>>): Readonly<Record<string, Schema>> =>
  Object.fromEntries(Object.entries(properties).map(([name, member]) => [name, closed(member)]));

const patternOf = (path: string): RegExp => {
  const segments = path
    .split("/")
    .map((segment) => (segment.startsWith("{") ? "[^/]+" : segment.replaceAll(".", "\\.")));
  return new RegExp(`^${segments.join("/")}$`);
};

/** `node` with what its references stand for in their places. A schema that contains itself has no end. */
function withoutReferences(node: unknown, schemas: RawDocument["components"]["schemas"], depth = 0): unknown {
  if (depth > 64) throw new Error("A schema of the document contains itself.");
  if (Array.isArray(node)) return node.map((item) => withoutReferences(item, schemas, depth + 1));
  if (typeof node !== "object" || node === null) return node;
  if ("$ref" in node) return withoutReferences(schemas[String(node.$ref).split("/").at(-1) ?? ""], schemas, depth + 1);
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [key, withoutReferences(value, schemas, depth + 1)]),
  );
}
