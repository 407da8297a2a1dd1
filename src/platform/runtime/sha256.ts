import { hash } from "node:crypto";

/** Hex SHA-256 of a text's UTF-8 bytes. Synchronous: WebCrypto would take a turn of the event loop. */
export const sha256Hex = (text: string): string => hash("sha256", text, "hex");
