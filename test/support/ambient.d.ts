/** As much of the module, which the runtime has, as the tests use. */
declare module "node:async_hooks" {
  export class AsyncLocalStorage<Store> {
    run<Value>(store: Store, use: () => Value): Value;
    getStore(): Store | undefined;
  }
}

interface ImportMeta {
  /** Vite's: the texts of all files that fit, by path. */
  glob(
    pattern: string,
    options: { readonly query: "?raw"; readonly import: "default"; readonly eager: true },
  ): Readonly<Record<string, string>>;
}
