/** As much of the module, which the runtime has, as the tests use. */
declare module "node:async_hooks" {
  export class AsyncLocalStorage<Store> {
    run<Value>(store: Store, use: () => Value): Value;
    getStore(): Store | undefined;
  }
}
