// What a manifest of Docker's schema 1 says, read from its payload: the bytes that are
// signed and that its digest is of. Where distribution 2.8 looks less closely than the
// specification, so do we: its name and tag need not be those it is pushed under.
// docker image manifest v2 schema 1.
import { type Digest, isDigest } from "./digest.ts";
import { RegistryError } from "./errors.ts";
import type { NamedContent, ParsedManifest } from "./manifest.ts";
import { manifestInvalid, quoted } from "./manifest-errors.ts";
import { isSchema1, SCHEMA_1_LAYER, SCHEMA_1_SIGNED } from "./media-types.ts";
import { parseDocument } from "./signed-json.ts";
import { isJsonObject, type JsonObject } from "./strict-json.ts";

/** Ten times as many as Docker can make. */
const MAX_LAYERS = 1270;

const MAX_NAME_LENGTH = 255;

/**
 * Whether it is one, signed or not: by what the client calls it and, where it does not say, by what it says itself.
 * `declared` is without parameters.
 */
export function isSchema1Document(content: Uint8Array, declared: string): boolean {
  if (declared !== "" && declared !== "application/json") return isSchema1(declared);
  try {
    const value: unknown = JSON.parse(Buffer.from(content).toString());
    return isJsonObject(value) && value.schemaVersion === 1 && value.mediaType === undefined;
  } catch {
    return false; // who reads it as another kind of manifest says what is wrong
  }
}

/** Reads a payload. Throws MANIFEST_INVALID, and NAME_INVALID for the name in it. */
export function parseSchema1(payload: Uint8Array, declared: string): ParsedManifest {
  const document = parseDocument(payload);
  if (document.schemaVersion !== 1) throw manifestInvalid("schemaVersion must be 1");
  if (document.signatures !== undefined) throw manifestInvalid('"signatures" are no part of what is signed');
  checkTexts(document);
  const digests = listOf(document, "fsLayers").map(readLayer);
  const history = listOf(document, "history");
  history.forEach(checkHistory);
  if (history.length !== digests.length)
    throw manifestInvalid(`"history" has ${history.length} entries, but "fsLayers" ${digests.length}`);
  const blobs = [...new Set(digests)].map((digest): NamedContent => ({ mediaType: SCHEMA_1_LAYER, digest }));
  return { mediaType: isSchema1(declared) ? declared : SCHEMA_1_SIGNED, blobs, foreign: [], manifests: [] };
}

function checkTexts({ name, tag, architecture }: JsonObject): void {
  if (typeof name !== "string" || name.length > MAX_NAME_LENGTH || !/[a-z0-9]/.test(name)) {
    const message = `the manifest's "name" must be a repository's name, not ${quoted(name)}`;
    throw new RegistryError("NAME_INVALID", {}, { message });
  }
  if (!isTextOrAbsent(tag)) throw manifestInvalid(`"tag" must be text, not ${quoted(tag)}`);
  if (!isTextOrAbsent(architecture))
    throw manifestInvalid(`"architecture" must be text, not ${quoted(architecture)}`);
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}

function listOf(document: JsonObject, member: string): readonly unknown[] {
  const list = document[member];
  if (!Array.isArray(list)) throw manifestInvalid(`"${member}" must be a list`);
  if (list.length > MAX_LAYERS)
    throw manifestInvalid(`"${member}" has ${list.length} entries; at most ${MAX_LAYERS} are accepted`);
  return list;
}

function readLayer(value: unknown, index: number): Digest {
  const blobSum = isJsonObject(value) ? value.blobSum : undefined;
  if (typeof blobSum === "string" && isDigest(blobSum)) return blobSum;
  throw manifestInvalid(`"fsLayers[${index}].blobSum" must be a digest, not ${quoted(blobSum)}`);
}

/** It is text in which a JSON object is written. */
function checkHistory(value: unknown, index: number): void {
  const text = isJsonObject(value) ? value.v1Compatibility : undefined;
  if (typeof text === "string" && isObjectText(text)) return;
  throw manifestInvalid(`"history[${index}].v1Compatibility" must be the text of a JSON object`);
}

function isObjectText(text: string): boolean {
  try {
    return isJsonObject(JSON.parse(text));
  } catch {
    return false;
  }
}
