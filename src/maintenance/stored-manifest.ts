// A stored manifest as it is, for those who check: where good bytes of it lie, and
// what they say.
import type { BlobStore } from "../blobs/blob-store.ts";
import { digestsNamedBy } from "../core/references.ts";
import { contentKey } from "../metadata/keys.ts";
import type { ManifestRecord } from "../metadata/records.ts";
import { type Digest, digestAlgorithm, digestOf } from "../oci/digest.ts";
import { RegistryError } from "../oci/errors.ts";
import { MAX_MANIFEST_SIZE, type ParsedManifest, parseManifest } from "../oci/manifest.ts";
import { NO_FILE, refusalOf } from "./hash-stored.ts";
import type { Reader } from "./walk.ts";

const GONE = "its bytes are gone";

/** What was found of a manifest's bytes. */
export interface StoredManifest {
  /** The copy beside the card. */
  readonly inline: "absent" | "good" | "wrong";
  /** Bytes that have the digest; undefined when there are none. */
  readonly content: Uint8Array | undefined;
  /** What they say; undefined when nobody can read them. */
  readonly parsed: ParsedManifest | undefined;
  /** Why there is no content, or why it cannot be read. */
  readonly problem: string | undefined;
}

/** True for bytes that have the digest. */
export function isContentOf(digest: Digest, content: Uint8Array): boolean {
  return digestOf(content, digestAlgorithm(digest)) === digest;
}

/** Reads the copy beside the card, and the cellar's where that is missing or wrong. */
export async function inspectManifest(
  reader: Reader,
  blobs: BlobStore,
  digest: Digest,
  mediaType: string,
): Promise<StoredManifest> {
  const inline = await reader.get(contentKey(digest));
  if (inline !== undefined && isContentOf(digest, inline))
    return { inline: "good", content: inline, ...parse(inline, mediaType) };
  const state = inline === undefined ? "absent" : "wrong";
  const lying = await readCellar(blobs, digest);
  if (typeof lying === "string" || !isContentOf(digest, lying)) {
    const problem = typeof lying === "string" ? lying : "its bytes are wrong";
    return { inline: state, content: undefined, parsed: undefined, problem };
  }
  return { inline: state, content: lying, ...parse(lying, mediaType) };
}

/** What a manifest keeps beside itself. Undefined when it cannot be read. */
export function namedBy(
  { parsed }: StoredManifest,
  { signed }: Pick<ManifestRecord, "signed">,
): readonly Digest[] | undefined {
  if (parsed === undefined) return undefined;
  return [...new Set([...digestsNamedBy(parsed), ...(signed === undefined ? [] : [signed.digest])])];
}

/** The bytes as they lie in the cellar; else words on why there are none, or none that can be a manifest. */
async function readCellar(blobs: BlobStore, digest: Digest): Promise<Uint8Array | string> {
  const chunks: Buffer[] = [];
  try {
    const lying = await blobs.inspect(digest);
    if (lying === undefined || lying.size > MAX_MANIFEST_SIZE) return GONE;
    if (!lying.isFile) return NO_FILE;
    for await (const chunk of blobs.readStored(digest)) chunks.push(Buffer.from(chunk));
  } catch (error) {
    if (error instanceof RegistryError && error.code === "BLOB_UNKNOWN") return GONE;
    const refusal = refusalOf(error);
    if (refusal !== undefined) return refusal;
    throw error;
  }
  return Buffer.concat(chunks);
}

function parse(content: Uint8Array, mediaType: string): Pick<StoredManifest, "parsed" | "problem"> {
  try {
    return { parsed: parseManifest(content, mediaType), problem: undefined };
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    return { parsed: undefined, problem: `what it says cannot be read: ${error.message}` };
  }
}
