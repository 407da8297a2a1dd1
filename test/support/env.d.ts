declare namespace Cloudflare {
  interface Env {
    readonly AUTH_SIGNING_KEY: string;
    readonly AUTH_ISSUER: string;
    readonly AUTH_AUDIENCE: string;
    readonly TEST_MIGRATIONS: import("cloudflare:test").D1Migration[];
  }
  interface GlobalProps {
    readonly mainModule: typeof import("../../src/worker.ts");
  }
}
