import type { Result, Router } from "hono/router";
import { RegExpRouter } from "hono/router/reg-exp-router";
import { SmartRouter } from "hono/router/smart-router";
import { TrieRouter } from "hono/router/trie-router";

/** When it is reached, all paths are forgotten: paths with ids come once, and the few others come all the time. */
const pathsMax = 1_000;
/** Longer paths are looked up each time, because anyone may send any number of them. */
const pathLengthMax = 256;

/** Hono's own routers, with a memory of what recurring paths match. */
export class RememberingRouter<Handler> implements Router<Handler> {
  readonly name = "RememberingRouter";
  readonly #inner = new SmartRouter<Handler>({ routers: [new RegExpRouter<Handler>(), new TrieRouter<Handler>()] });
  readonly #matches = new Map<string, Result<Handler>>();

  add(method: string, path: string, handler: Handler): void {
    this.#inner.add(method, path, handler);
  }

  match(method: string, path: string): Result<Handler> {
    const key = `${method} ${path}`;
    const known = this.#matches.get(key);
    if (known !== undefined) return known;
    const match = this.#inner.match(method, path);
    if (key.length > pathLengthMax) return match;
    if (this.#matches.size >= pathsMax) this.#matches.clear();
    this.#matches.set(key, match);
    return match;
  }
}
