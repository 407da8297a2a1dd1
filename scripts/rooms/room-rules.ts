// What may import what in src/. CONTRIBUTING.md says why.

/** The rooms, and which others each of them knows. The ledger knows nobody. */
export const knownRooms: Readonly<Record<string, readonly string[]>> = {
  tenants: [],
  ledger: [],
  access: [],
  sites: ["ledger", "access"],
  coupons: ["ledger", "sites", "access"],
  options: ["ledger", "sites", "coupons", "access"],
  orders: ["ledger", "sites", "coupons"],
  polling: ["ledger", "sites", "coupons", "orders"],
  audit: ["ledger"],
};

/** The layers of a room, and which of its own each of them may import besides itself. */
const ownLayers: Readonly<Record<string, readonly string[]>> = {
  rules: [],
  "use-cases": ["rules"],
  http: ["rules", "use-cases"],
  storage: ["rules", "use-cases"],
  integrations: ["rules", "use-cases"],
  objects: ["rules", "use-cases", "storage"],
};

/** What each layer may import of another room that it knows. */
const foreignLayers = (layer: string): readonly string[] => (layer === "rules" ? ["rules"] : ["rules", "use-cases"]);

/** Which parts of the platform each layer, and each of its own parts, may import. */
const platformParts: Readonly<Record<string, readonly string[]>> = {
  rules: ["values"],
  "use-cases": ["values", "runtime", "requests"],
  http: ["values", "runtime", "requests", "http"],
  storage: ["values", "runtime", "requests", "storage"],
  integrations: ["values", "runtime", "requests", "upstream"],
  objects: ["values", "runtime", "requests", "storage"],
  "platform/values": ["values"],
  "platform/runtime": ["values", "runtime"],
  "platform/requests": ["values", "runtime", "requests"],
  "platform/storage": ["values", "runtime", "requests", "storage"],
  "platform/upstream": ["values", "runtime", "upstream"],
  "platform/http": ["values", "runtime", "requests", "http"],
};

/** One database, one transaction: tables, and what a coupon's row means, are open to the storage of all rooms. */
const sharedStorage = /\/storage\/(?:[a-z-]*tables|coupon-row)\.ts$/;
/** Where a tenant's rows are is asked by the storage of all rooms. */
const tenantStorage = /^src\/tenants\/storage\//;
/** The wire shape of what one room answers can be part of what another one does. */
const wireSchemas = /\/http\/[a-z-]+-schemas\.ts$/;

/** What the runtime makes puts itself together, as worker.ts does the rest; from what, besides its own room. */
const compositionRoots: Readonly<Record<string, RegExp>> = {
  "src/ledger/objects/customer-ledger.ts": /^src\/(?:env|coupons\/integrations\/coupon-service)\.ts$/,
  "src/ledger/objects/commit-lane.ts": /^src\/env\.ts$/,
};

/** Packages that a place may not import; the rules import exact decimals and nothing else. */
const outside = /^(?:hono|@hono\/|drizzle-orm|cloudflare:|zod)/;
const refusedPackages = ({ room, layer }: Place): RegExp | null => {
  if (layer === "rules" || (room === "platform" && layer === "values")) return /^(?!big\.js$)/;
  if (layer === "use-cases" || (room === "platform" && /^(?:runtime|requests)$/.test(layer))) return outside;
  return layer === "http" ? /^(?:drizzle-orm|cloudflare:)/ : /^(?:hono|@hono\/)/;
};

interface Place {
  readonly room: string;
  readonly layer: string;
}

/** Null for what stands above the rooms: worker.ts, app.ts, … */
function placeOf(path: string): Place | null {
  const [, room, layer] = /^src\/([a-z]+)\/([a-z-]+)\//.exec(path) ?? [];
  return room === undefined || layer === undefined ? null : { room, layer };
}

/** Why the file `from` may not import `to`, a path in the project or a package; null when it may. */
export function objectionTo(from: string, to: string): string | null {
  const importer = placeOf(from);
  if (importer === null) return null;
  const { room, layer } = importer;
  if (room !== "platform" && !(room in knownRooms)) return `${room} is no room: scripts/rooms/room-rules.ts lists them`;
  if (room !== "platform" && !(layer in ownLayers)) return `${layer} is no layer of a room`;
  if (!to.startsWith("src/")) {
    const isOurs = to.startsWith("node_modules/") || to === "package.json";
    return !isOurs && refusedPackages(importer)?.test(to) ? `${room}/${layer} must do without ${to}` : null;
  }
  if (compositionRoots[from]?.test(to)) return null;
  const imported = placeOf(to);
  if (imported === null) return "what stands above the rooms is known to nobody below";
  if (imported.room === "platform") {
    const parts = platformParts[room === "platform" ? `platform/${layer}` : layer] ?? [];
    return parts.includes(imported.layer) ? null : `${layer} may not know platform/${imported.layer}`;
  }
  if (tenantStorage.test(to) && /^(?:storage|objects)$/.test(layer)) return null;
  if (sharedStorage.test(to) && layer === "storage") return null;
  if (room === "platform") {
    const isFrame = layer === "http" && /^(?:rules|use-cases)$/.test(imported.layer);
    return isFrame ? null : "the platform knows no room; its HTTP frame knows their rules and use-cases";
  }
  if (imported.room === room) {
    const isDownward = imported.layer === layer || ownLayers[layer]?.includes(imported.layer);
    return isDownward ? null : `${layer} may not know ${imported.layer}`;
  }
  if (!knownRooms[room]?.includes(imported.room)) return `${room} may not know ${imported.room}`;
  if (layer === "http" && wireSchemas.test(to)) return null;
  return foreignLayers(layer).includes(imported.layer) ? null : `${imported.room}/${imported.layer} is that room's own`;
}

/** Files that import each other in a circle, each circle once; `imports` by file. */
export function circlesIn(imports: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const circles: string[][] = [];
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): void => {
    const start = way.indexOf(file);
    if (start >= 0 && file === way.at(-1)) return;
    if (start >= 0) circles.push([...way.slice(start), file]);
    if (start >= 0 || done.has(file)) return;
    for (const next of imports.get(file) ?? []) visit(next, [...way, file]);
    done.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
  return circles;
}
