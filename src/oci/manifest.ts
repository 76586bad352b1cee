// Reading a manifest: what it is, and what it refers to. Its bytes are never
// changed or rebuilt. image-spec, Image Manifest and Image Index; docker image
// manifest v2 schema 2; schema 1 is read by schema1.ts. Members nobody here knows are left alone.
import type { Descriptor } from "./descriptor.ts";
import { type Digest, digestOf, isDigest } from "./digest.ts";
import { manifestInvalid, quoted } from "./manifest-errors.ts";
import {
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  essence,
  isNonDistributable,
  OCI_ARTIFACT_MANIFEST,
  OCI_IMAGE_INDEX,
  OCI_IMAGE_MANIFEST,
} from "./media-types.ts";
import { platformList, platformText } from "./platform.ts";
import { isSchema1Document, parseSchema1 } from "./schema1.ts";

/** The largest manifest that is accepted, in bytes. distribution-spec, Pushing Manifests: at least 4 megabytes. */
export const MAX_MANIFEST_SIZE = 4 * 1024 * 1024;

/** What a manifest says of a blob it names. */
export interface NamedContent extends Omit<Descriptor, "size"> {
  /** In bytes. Absent: the manifest does not say; schema 1 names digests only. */
  readonly size?: number;
}

/** What a manifest refers to, as far as the registry cares. */
export interface ParsedManifest {
  readonly mediaType: string;
  /** Blobs the repository must have: config and layers, without those that stay with their publisher. */
  readonly blobs: readonly NamedContent[];
  /** Layers that may stay with their publisher, and may be here all the same. image-spec, Non-distributable layers. */
  readonly foreign: readonly Descriptor[];
  /** The members of an index. */
  readonly manifests: readonly Descriptor[];
  /** Where the members of an index run, as far as it says. Absent: it does not, or it is none. */
  readonly platforms?: readonly string[];
  /** The manifest this one points at. */
  readonly subject?: Digest;
  /** The artifact type a referrers list shows. distribution-spec, Listing Referrers. */
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

type Document = Readonly<Record<string, unknown>>;
type Shape = "image" | "index" | "artifact";

const SHAPES: ReadonlyMap<string, Shape> = new Map([
  [OCI_IMAGE_MANIFEST, "image"],
  [DOCKER_MANIFEST, "image"],
  [OCI_IMAGE_INDEX, "index"],
  [DOCKER_MANIFEST_LIST, "index"],
  [OCI_ARTIFACT_MANIFEST, "artifact"],
]);

/**
 * Reads a manifest; of schema 1, the payload without signatures (jws.ts). `declared` is the media type the client sent,
 * empty if none. Throws MANIFEST_INVALID, and says where and why.
 */
export function parseManifest(content: Uint8Array, declared: string): ParsedManifest {
  if (isSchema1Document(content, essence(declared))) return parseSchema1(content, essence(declared));
  const document = parseDocument(content);
  const mediaType = mediaTypeOf(document, essence(declared));
  const shape = SHAPES.get(mediaType);
  if (shape === undefined)
    throw manifestInvalid(`media type "${mediaType}" is not one of ${[...SHAPES.keys()].join(", ")}`);
  if (shape !== "artifact" && document.schemaVersion !== 2) throw manifestInvalid("schemaVersion must be 2");
  refuseTwoFaces(document, shape);
  const subject = readSubject(document);
  const annotations = readAnnotations(document);
  const artifactType = artifactTypeOf(document, shape);
  const platforms = shape === "index" ? readPlatforms(document) : undefined;
  return {
    mediaType,
    ...(shape === "index" ? { blobs: [], foreign: [] } : readBlobs(document, shape)),
    manifests: shape === "index" ? readList(document, "manifests", true) : [],
    ...(platforms !== undefined && { platforms }),
    ...(subject !== undefined && { subject }),
    ...(artifactType !== undefined && { artifactType }),
    ...(annotations !== undefined && { annotations }),
  };
}

function parseDocument(content: Uint8Array): Document {
  try {
    const value: unknown = JSON.parse(
      new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content),
    );
    if (isDocument(value)) return value;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : "unreadable";
    throw manifestInvalid(`the manifest is not JSON: ${reason}`, cause);
  }
  throw manifestInvalid("the manifest must be a JSON object");
}

function isDocument(value: unknown): value is Document {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The declared media type and the document's own must agree; where both are missing the members decide. */
function mediaTypeOf(document: Document, declared: string): string {
  const own = document.mediaType;
  if (own !== undefined && typeof own !== "string") throw manifestInvalid("mediaType must be a string");
  const mediaType = own ?? (declared === "" || declared === "application/json" ? guess(document) : declared);
  if (declared !== "" && declared !== "application/json" && declared !== essence(mediaType))
    throw manifestInvalid(`mediaType "${mediaType}" contradicts the Content-Type "${declared}"`);
  return mediaType;
}

function guess(document: Document): string {
  if ("manifests" in document) return OCI_IMAGE_INDEX;
  return OCI_IMAGE_MANIFEST;
}

/** A document that can be read as an image and as an index means different things to different readers (CVE-2021-41190). */
function refuseTwoFaces(document: Document, shape: Shape): void {
  const foreign = shape === "index" ? ["config", "layers"] : ["manifests"];
  const found = foreign.find((member) => document[member] !== undefined && document[member] !== null);
  if (found !== undefined)
    throw manifestInvalid(`an ${shape === "index" ? "index" : "image manifest"} must not have "${found}"`);
}

function readBlobs(
  document: Document,
  shape: "image" | "artifact",
): Pick<ParsedManifest, "blobs" | "foreign"> {
  if (shape === "artifact") return { blobs: readList(document, "blobs", false), foreign: [] };
  const config = readDescriptor(document.config, "config");
  const layers = readList(document, "layers", true);
  return {
    blobs: [config, ...layers.filter((layer) => !isNonDistributable(layer.mediaType))],
    foreign: layers.filter((layer) => isNonDistributable(layer.mediaType)),
  };
}

function readList(document: Document, member: string, required: boolean): readonly Descriptor[] {
  const list = document[member];
  if (list === undefined || list === null) {
    if (required && list === undefined) throw manifestInvalid(`"${member}" is missing`);
    return [];
  }
  if (!Array.isArray(list)) throw manifestInvalid(`"${member}" must be a list`);
  return list.map((value, index) => readDescriptor(value, `${member}[${index}]`));
}

function readPlatforms({ manifests }: Document): readonly string[] | undefined {
  if (!Array.isArray(manifests)) return undefined;
  return platformList(
    manifests.map((member: unknown) => platformText(isDocument(member) ? member.platform : undefined)),
  );
}

function readSubject(document: Document): Digest | undefined {
  if (document.subject === undefined || document.subject === null) return undefined;
  return readDescriptor(document.subject, "subject").digest;
}

function readDescriptor(value: unknown, where: string): Descriptor {
  if (!isDocument(value)) throw manifestInvalid(`"${where}" must be a descriptor`);
  const { mediaType, digest, size, data } = value;
  if (typeof mediaType !== "string" || mediaType === "")
    throw manifestInvalid(`"${where}.mediaType" is missing`);
  if (typeof digest !== "string" || !isDigest(digest))
    throw manifestInvalid(`"${where}.digest" must be a sha256 or sha512 digest, not ${quoted(digest)}`);
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0)
    throw manifestInvalid(`"${where}.size" must be a number of bytes, not ${quoted(size)}`);
  if (data !== undefined) checkData(data, { mediaType, digest, size }, where);
  return { mediaType, digest, size };
}

/** Embedded content must be what the descriptor says. image-spec, Descriptor, Embedded Content. */
function checkData(data: unknown, descriptor: Descriptor, where: string): void {
  if (typeof data !== "string") throw manifestInvalid(`"${where}.data" must be base64 text`);
  const bytes = Buffer.from(data, "base64");
  const algorithm = descriptor.digest.startsWith("sha512") ? "sha512" : "sha256";
  if (bytes.length !== descriptor.size || digestOf(bytes, algorithm) !== descriptor.digest)
    throw manifestInvalid(`"${where}.data" is not the content of ${descriptor.digest}`);
}

function artifactTypeOf(document: Document, shape: Shape): string | undefined {
  const own = document.artifactType;
  if (own !== undefined && typeof own !== "string") throw manifestInvalid(`"artifactType" must be a string`);
  if (own !== undefined && own !== "") return checkMediaType(own, "artifactType");
  if (shape !== "image" || !isDocument(document.config)) return undefined;
  const { mediaType } = document.config;
  return typeof mediaType === "string" ? checkMediaType(mediaType, "config.mediaType") : undefined;
}

/** What goes into every list and event must be short and printable; RFC 6838, 4.2 allows no more. */
function checkMediaType(text: string, where: string): string {
  if (/^[\x20-\x7e]{1,255}$/.test(text)) return text;
  throw manifestInvalid(`"${where}" must be a media type of at most 255 characters, not ${quoted(text)}`);
}

function readAnnotations(document: Document): Readonly<Record<string, string>> | undefined {
  const annotations = document.annotations;
  if (annotations === undefined || annotations === null) return undefined;
  if (!isDocument(annotations)) throw manifestInvalid(`"annotations" must be an object`);
  return Object.fromEntries(
    Object.entries(annotations).map(([key, value]) => {
      if (typeof value !== "string") throw manifestInvalid(`annotation ${quoted(key)} must be a string`);
      return [key, value];
    }),
  );
}
