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

/** A file's text. */
declare module "*.toml?raw" {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: that is how Vite gives it.
  export default text;
}
