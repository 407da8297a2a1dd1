import type { MiddlewareHandler } from "hono";
import { every } from "hono/combine";
import { secureHeaders } from "hono/secure-headers";

const yearSeconds = 365 * 24 * 3600;

/** Answers are data for programs: a browser that is led to one should run, frame, sniff and pass on nothing of it. */
const browserRules = secureHeaders({
  contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  xFrameOptions: "DENY",
  xContentTypeOptions: true,
  referrerPolicy: "no-referrer",
  // Of this host alone: what else runs below the domain is not this service's to decide.
  strictTransportSecurity: `max-age=${yearSeconds}`,
  // Keeps pages of other origins from embedding answers. Storefronts fetch them with CORS, which this leaves alone.
  crossOriginResourcePolicy: "same-origin",
  crossOriginOpenerPolicy: "same-origin",
  crossOriginEmbedderPolicy: false,
  originAgentCluster: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: "none",
  // Browsers have given the filter up, and where one is left it does more harm than good.
  xXssProtection: false,
});

/** Answers are somebody's balance, history, code or token, and nobody else's: only a route that says so is cached. */
const notStored: MiddlewareHandler = async (c, next) => {
  await next();
  if (!c.res.headers.has("Cache-Control")) c.res.headers.set("Cache-Control", "no-store");
};

/** Gives every answer, refusals included, the headers that keep browsers and caches from misusing it. */
export const securityHeaders: MiddlewareHandler = every(browserRules, notStored);
