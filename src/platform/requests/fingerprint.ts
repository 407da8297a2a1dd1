import canonicalize from "canonicalize";
import { sha256Hex } from "../runtime/sha256.ts";

/**
 * What a request asks for in canonical JSON (RFC 8785), hashed: equal for two requests that mean the same,
 * whatever the order of their members or their white space.
 */
export const fingerprintOf = (meaning: unknown): string => sha256Hex(canonicalize(meaning) ?? "");
