import { callApi } from "./api.ts";
import { chapters } from "./demo/chapters.ts";
import { Journey } from "./demo/journey.ts";
import { Narrator } from "./demo/narrator.ts";
import { localIssuer } from "./local-issuer.ts";
import { baseUrlOf } from "./service-address.ts";
import { runScript } from "./usage-error.ts";

// Plays the whole journey against the running service, tells it, and fails when an answer is not what it must be.

const tokenLifetimeSeconds = 600;

async function play(): Promise<void> {
  const baseUrl = baseUrlOf(process.env);
  const issuer = await localIssuer(tokenLifetimeSeconds);
  if (!issuer.isTrusted)
    throw new Error("AUTH_JWKS_URL is set: the service trusts that issuer's tokens, not the demo's.");
  const health = await callApi(baseUrl, { method: "GET", path: "/health" });
  if (health.status !== 200) throw new Error(`${baseUrl}/health answers ${health.status}.`);

  const narrator = new Narrator();
  const journey = Journey.start(baseUrl, issuer, narrator);
  narrator.title(`From an order to a coupon, and back, at ${baseUrl}, with the new tenant ${journey.tenant}`);
  for (const chapter of chapters) {
    narrator.chapter(chapter.title);
    await chapter.play(journey);
  }
  narrator.title(`Everything was as it must be: ${journey.checks.count} checks.`);
}

await runScript(play);
