// Replaces `zod` in the built Worker (see `alias` in wrangler.toml): all of zod except its messages in some fifty
// languages. The bundler cannot drop them, because zod's namespace is passed on as a value, and they would be a third
// of the Worker. The list is that of zod's own `v4/classic/external.js`.

export * from "../../../node_modules/zod/v4/classic/checks.js";
export * as coerce from "../../../node_modules/zod/v4/classic/coerce.js";
export * from "../../../node_modules/zod/v4/classic/compat.js";
export * from "../../../node_modules/zod/v4/classic/errors.js";
export * as iso from "../../../node_modules/zod/v4/classic/iso.js";
export * from "../../../node_modules/zod/v4/classic/parse.js";
export * from "../../../node_modules/zod/v4/classic/schemas.js";
export {
  $brand,
  $input,
  $output,
  clone,
  config,
  flattenError,
  formatError,
  getDiscriminatedOption,
  globalRegistry,
  INVALID,
  memoizer,
  NEVER,
  prettifyError,
  regexes,
  registry,
  TimePrecision,
  treeifyError,
  util,
} from "../../../node_modules/zod/v4/core/index.js";
export { toJSONSchema } from "../../../node_modules/zod/v4/core/json-schema-processors.js";
export * as z from "./zod-without-locales.ts";
