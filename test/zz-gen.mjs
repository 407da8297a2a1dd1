import { registerHooks } from "node:module";
registerHooks({ resolve(s, c, n) { return s === "cloudflare:workers" ? { url: "data:text/javascript,export const env={AUTH_SIGNING_KEY:'{}'};export const exports={};", shortCircuit: true } : n(s, c); } });
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
const fc = (await import("fast-check")).default;
const { documentOf } = await import("/work/main/test/support/fuzz-document.ts");
const { plansFor, steps } = await import("/work/main/test/support/fuzz-requests.ts");
const d = documentOf(JSON.parse(readFileSync("/tmp/fuzz/doc.json")));
import { writeSync } from "node:fs";
const orig = fc.Arbitrary.prototype.filter;
fc.Arbitrary.prototype.filter = function (p) { let fails = 0; const at = new Error().stack; return orig.call(this, (v) => { const ok = p(v); fails = ok ? 0 : fails + 1; if (fails > 3000) { console.error("STUCK", v, at); process.exit(1); } return ok; }); };
const sequences = fc.array(steps(d), { minLength: 1, maxLength: 60, size: "max" });
for (let s = 0; s < 6; s++) { const a = performance.now(); writeSync(1, `${s}\n`); const x = fc.sample(sequences, { numRuns: 5, seed: s }); writeSync(1, `${s} ${x.map(q => q.length).join()} ${performance.now() - a}\n`); }
