import type { App } from "./app-env.ts";

/** Finds the methods that a path's resource allows, from the app's own routes. */
export class AllowedMethods {
  readonly #routes: readonly { readonly pattern: RegExp; readonly method: string }[];

  constructor(app: App) {
    this.#routes = app.openAPIRegistry.definitions.flatMap((definition) =>
      definition.type === "route"
        ? [{ pattern: patternOf(definition.route.path), method: definition.route.method.toUpperCase() }]
        : [],
    );
  }

  /** Upper case, without duplicates; empty when there is no such resource. */
  of(path: string): readonly string[] {
    return [...new Set(this.#routes.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method))];
  }
}

const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replaceAll(/[.*+?^$()|[\]\\]/g, "\\$&").replaceAll(/\{[^}]+\}/g, "[^/]+")}$`);
