import canonicalize from "canonicalize";
import { sha256Hex } from "../runtime/sha256.ts";

/**
 * The SHA-256 of a request's content in canonical JSON (RFC 8785). It is equal for two requests with the same meaning,
 * whatever the order of their members or their white space.
 */
export const fingerprintOf = (meaning: unknown): string => sha256Hex(canonicalize(meaning) ?? "");
