declare namespace Cloudflare {
  interface Env {
    readonly AUTH_SIGNING_KEY: string;
    readonly AUTH_ISSUER: string;
    readonly AUTH_AUDIENCE: string;
    /** Two databases more, without tables until a test makes them. */
    readonly DB_2: D1Database;
    readonly DB_3: D1Database;
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
