// A manifest whose meaning is signed, read so that no two readers can dispute it.
import { manifestInvalid } from "./manifest-errors.ts";
import { type JsonObject, parseStrictObject } from "./strict-json.ts";

/** Throws MANIFEST_INVALID. Go reads "FSLAYERS" as "fsLayers": both in one document would be two documents. */
export function parseDocument(content: Uint8Array): JsonObject {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
    return parseStrictObject(text, { foldsCase: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : "unreadable";
    throw manifestInvalid(`the manifest is not one JSON object: ${reason}`, cause);
  }
}
