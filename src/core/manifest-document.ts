// What was pushed, taken apart: the bytes that the digest is of, what they say, and for
// Docker's schema 1 the signatures around them.
import { RegistryError } from "../oci/errors.ts";
import { parseSignedDocument, type SignedDocument, verifySignatures } from "../oci/jws.ts";
import { MAX_MANIFEST_SIZE, type ParsedManifest, parseManifest } from "../oci/manifest.ts";
import { essence, SCHEMA_1_SIGNED, SCHEMA_1_UNSIGNED } from "../oci/media-types.ts";
import { isSchema1Document } from "../oci/schema1.ts";
import type { CoreOptions } from "./context.ts";

/**
 * How schema 1 is taken that nobody pushed, whether or not it may be pushed. "imported": as a push would be, but it may
 * lack signatures. "unverified": its signatures are kept though they may be wrong.
 */
export type ImportedSchema1 = "imported" | "unverified";

export interface ManifestDocument {
  readonly manifest: ParsedManifest;
  /** The bytes that the digest is of. */
  readonly content: Uint8Array;
  /** Schema 1 with signatures only: the whole document, and what it consists of. */
  readonly signed?: SignedDocument & { readonly whole: Uint8Array };
}

/** Throws MANIFEST_INVALID, MANIFEST_UNVERIFIED, NAME_INVALID. */
export async function readDocument(
  { schema1 }: CoreOptions,
  {
    content,
    mediaType,
    imported,
  }: {
    readonly content: Uint8Array;
    readonly mediaType: string;
    readonly imported?: ImportedSchema1;
  },
): Promise<ManifestDocument> {
  if (content.length > MAX_MANIFEST_SIZE) throw tooLarge(content.length);
  if (!isSchema1Document(content, essence(mediaType)))
    return { manifest: parseManifest(content, mediaType), content };
  if (!schema1 && imported === undefined) throw schema1Refused();
  if (imported !== undefined && essence(mediaType) === SCHEMA_1_UNSIGNED)
    return { manifest: parseManifest(content, SCHEMA_1_UNSIGNED), content };
  const signed = parseSignedDocument(content);
  const manifest = parseManifest(signed.payload, SCHEMA_1_SIGNED);
  if (imported !== "unverified") await verifySignatures(signed);
  return { manifest, content: signed.payload, signed: { ...signed, whole: content } };
}

function tooLarge(size: number): RegistryError {
  const message = `the manifest has ${size} bytes; at most ${MAX_MANIFEST_SIZE} are accepted`;
  return new RegistryError("MANIFEST_INVALID", { limit: String(MAX_MANIFEST_SIZE) }, { message });
}

function schema1Refused(): RegistryError {
  const message =
    "Docker image manifest version 2, schema 1 is not accepted; push schema 2 or OCI, " +
    "or let compatibility.schema1.enabled allow it";
  return new RegistryError("MANIFEST_INVALID", {}, { message });
}
