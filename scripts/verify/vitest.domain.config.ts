import { defineConfig } from "vitest/config";

/** The tests of the rules alone, in Node.js: the rules need no runtime, and Stryker cannot reach into workerd. */
export default defineConfig({
  test: {
    include: ["test/*/rules/**/*.test.ts", "test/platform/values/**/*.test.ts"],
    setupFiles: ["scripts/verify/stryker-seed.ts"],
    // The rules keep no state, so the files may share a thread: that takes a quarter of the time.
    isolate: false,
  },
});
